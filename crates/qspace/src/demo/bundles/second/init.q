/ Market data of one day for the demonstration: a million trades made from a fixed seed.
system"l /opt/kx/app/code/lib/analytics.q"
args:.Q.opt .z.x
system"S 42"
syms:`AAPL`AMZN`GOOG`MSFT`NVDA`TSLA
n:1000000
trades:([]time:asc 2026.01.05D09:30:00+n?0D06:30:00;sym:n?syms;price:100+0.01*n?10000;size:100*1+n?10)
live:([]time:`timestamp$();sym:`symbol$();price:`float$();size:`long$())
upd:{[t;rows]t insert rows}
-1"loaded ",(string count trades)," trades, analytics version ",string .analytics.version;
