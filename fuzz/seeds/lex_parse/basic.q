f:{[a;b] a+b}
select sum size by sym from t where price>1.5
$[a;b;c]
`a`b!1 2
\l x.q
/ comment
