/ Analytics, first release.
\d .analytics
version:1
vwap:{[t]select vwap:size wavg price,volume:sum size by sym from t}
bars:{[t;width]select open:first price,high:max price,low:min price,close:last price by sym,width xbar time from t}
\d .
