/ Analytics, second release: adds the spread of prices.
\d .analytics
version:2
vwap:{[t]select vwap:size wavg price,volume:sum size by sym from t}
bars:{[t;width]select open:first price,high:max price,low:min price,close:last price by sym,width xbar time from t}
spread:{[t]select spread:max[price]-min price by sym from t}
\d .
