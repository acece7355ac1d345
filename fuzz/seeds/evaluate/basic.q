f:{[x;y]$[x>y;x-y;.z.s[x+1;y]]}
t:([]s:`a`b`c;v:1 2 3f);select sum v by s from t where v>1
{x,sum -2#x}/[5;1 1]
@[{til x};-1;{x}]
`s#asc 3 1 2
(1 2;3 4)+\:10 20
update w:v*2 from t
raze string 1 2 3
