d:`a`b!(1 2;"xy")
d[`a;1]:5
.[d;(`b;0);:;"z"]
aj[`s;([]s:`a`b);([]s:`a`a;v:1 2)]
"I"$("1";"x")
"a*b" like "a*"
ssr["hello";"l";"L"]
while[1;]
do[1000000;x:til 100000]
1 2 3 xexp 0N
0x0102 sv 1 2
