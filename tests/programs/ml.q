/ Runs test files of the ml toolkit (name.t: each statement is a test or a preparation) and counts what became of them.
/ usage: q ml.q tests/a.t tests/b.t ..   in the folder the files expect
/ A statement passes when it gives 1b or nothing. One that needs Python, or a name only Python could have given, is counted
/ apart. Ends with a line: counts passed failed python.

\d .t

counts:`passed`failed`python!0 0 0
missing:0#`                                  / names that would hold answers of Python

/ the names a statement assigns at its start
assigned:{[text]
  name:(text?":")#text;
  $[all name in .Q.an,". ";enlist`$trim name;0#`]}

count1:{[kind;text]counts[kind]+:1}
python:{[text]count1[`python;text];missing::distinct missing,assigned text}
fail:{[text;why]count1[`failed;text];-1"  FAILED ",(.Q.s1 text),"\n    ",why}

e:{[text]
  .p.asked:0b;
  result:@[{(1b;value x)};text;{(0b;x)}];
  $[.p.asked;python text;
    first result;$[any(last result)~/:(1b;(::));count1[`passed;text];fail[text;.Q.s1 last result]];
    (`$first"."vs last result)in missing;python text;
    fail[text;"'",last result]]}

run:{[file]
  missing::0#`;
  @[system;"l ",file;{-1"  NOT LOADED: ",x;count1[`failed;""]}]}

\d .
\l p.q
.z.q:1b
.t.run each .z.x;
-1"counts ",.Q.s1 value .t.counts;
exit 0
