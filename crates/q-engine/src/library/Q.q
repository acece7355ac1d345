/ .Q: utilities, in q where speed does not ask for more. Facts: reference, page "The .Q namespace".
\d .Q

/ -- constants ---------------------------------------------------------------------------------------------------------
A:"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
a:"abcdefghijklmnopqrstuvwxyz"
n:"0123456789"
nA:n,A
an:a,A,"_",n
b6:A,a,n,"+/"
K:2024.10.16
k:4.1
/ letters by type number
t:" bg xhijefcspmdznuvts"
/ rows that dsftg takes at a time, at most
M:0W
/ words that q has from k, and words of control
res:`abs`acos`asin`atan`avg`bin`binr`cor`cos`cov`delete`dev`div`do`enlist`exec`exit`exp`getenv`hopen`if`in
res,:`insert`last`like`log`max`min`prd`select`setenv`sin`sqrt`ss`sum`tan`update`var`wavg`while`within`wsum`xexp

/ -- names and the command line ----------------------------------------------------------------------------------------
/ names joined by a dot, or by a slash to a path
dd:{[name;part]` sv name,`$$[10h=abs type part;(),part;string part]}

/ a symbol with only the characters of names, not starting like a number
cleanname:{[name]
  text:string[name]inter an;
  if[0=count text;:`a];
  `$$[first[text]in n,"_";"a",text;text]}

/ names in order, each unlike the ones before it and unlike a reserved word
cleannames:{[names]
  reserved:res,key`.q;
  {[taken;name;reserved]
    name:cleanname name;
    if[name in reserved;name:`$string[name],"1"];
    fresh:name;more:0;
    while[fresh in taken;more+:1;fresh:`$string[name],string more];
    taken,fresh}[;;reserved]/[`symbol$();names]}

id:{[x]
  $[-11h=type x;cleanname x;
    11h=type x;cleanname each x;
    qt x;cleannames[cols x]xcol x;
    99h=type x;cleannames[key x]!value x;
    'type]}

/ `-name value value` of the command line as a dictionary of lists of strings; what comes before goes to .Q.x
opt:{[args]
  starts:where"-"=first each args,enlist"";
  .Q.x:$[count starts;first[starts]#args;args];
  if[0=count starts;:(`symbol$())!()];
  parts:starts cut args;
  (`$1_'first each parts)!1_'parts}

/ defaults overridden by what .Q.opt found, converted to their types
def:{[defaults;given]
  names:key[defaults]inter key given;
  if[0=count names;:defaults];
  convert:{[default;texts]
    texts:$[10h=type texts;enlist texts;texts];
    if[10h=type default;:$[count texts;first texts;""]];
    values:upper[.Q.t abs type default]$texts;
    $[0h>type default;first values;values]};
  names:names,();
  new:convert'[defaults names;given names];
  key[defaults]!@[value[defaults],();key[defaults]?names;:;new]}

/ -- dates and numbers -------------------------------------------------------------------------------------------------
addmonths:{[day;months]("d"$months+"m"$day)+day-"d"$"m"$day}

/ -- applying functions ------------------------------------------------------------------------------------------------
/ on the distinct items only
fu:{[f;x]$[0h>type x;f x;99h=type x;f x;[u:distinct x;f[u]u?x]]}

/ on slices, one per secondary thread
fc:{[f;x]
  slices:1|abs system"s";
  $[(2>slices)|slices>count x;f x;raze f peach(ceiling count[x]%slices)cut x]}

/ on the plain table, keyed again afterwards
ft:{[f;x]$[99h=type x;count[keys x]!f 0!x;f x]}

/ -- tables ------------------------------------------------------------------------------------------------------------
qt:{[x]$[99h=type x;(98h=type key x)and 98h=type value x;98h=type x]}

/ a table with the columns it lacks of another, empty
ff:{[x;y]
  new:cols[y]except cols x;
  $[count new;flip flip[x],new!count[x]#'0#'flip[0!y]new;x]}

/ the table that a foreign key column refers to, or the null symbol
fk:{[x]
  if[not abs[type x]within 20 76h;:`];
  name:key x;
  $[qt@[value;name;0];name;`]}

/ the splayed table of a path, the value of a name, other values as they are
v:{[x]
  if[not -11h=type x;:x];
  $[":"=first string x;get$["/"=last string x;x;` sv x,`];value x]}

/ a dictionary of columns; of a partitioned table those of the last partition
V:{[x]
  x:v x;
  if[1b~qp x;:@[flip?[x;enlist(=;pf;last pv);0b;()];pf;:;pv]];
  flip 0!x}

/ -- files in chunks ---------------------------------------------------------------------------------------------------
/ the lines of a text whose last line may lack its end
lines:{[text]
  parts:"\n"vs$["\n"=last text;-1_text;text];
  $[any"\r"=text;{$["\r"=last x;-1_x;x]}each parts;parts]}

/ applies f to lists of whole lines, read about `size` bytes at a time; the size of the file
fsn:{[f;file;size]
  total:hcount file;at:0;want:size;
  while[at<total;
    text:"c"$read1(file;at;want&total-at);
    end:$[total<=at+count text;count text;1+last where text="\n"];
    $[null end;want*:2;[f lines end#text;at+:end;want:size]]];
  total}
fs:fsn[;;131000]

/ the same on a named pipe, until its writers are gone
fpn:{[f;pipe;size]
  h:hopen`$":fifo://",1_string pipe;
  rest:"";
  while[count text:"c"$read1(h;size);
    rest,:text;
    end:1+last where rest="\n";
    if[not null end;f lines end#rest;rest:end _ rest]];
  if[count rest;f lines rest];
  hclose h;}
fps:fpn[;;131000]

/ an empty file of lists of the type with this letter or name
Xf:{[kind;file]file set 0#enlist$[10h=abs type kind;lower kind;kind]$()}
Cf:Xf[`char;]

/ a path without the prefix that stands for the folder of a module
rp:{[path]text:string path;$[text like"::*";`$1_text;path]}

/ lines of a script grouped to statements: line numbers and texts
ld:{[text]
  text:text,();
  blank:0=count each trim each text;
  alone:{[sign;line](sign=first line)and 0=count trim 1_line};
  / a line that is only a slash opens a comment up to a line that is only a backslash
  inside:{[alone;state;line]
    $[state=1;$[alone["\\";line];3;1];
      (state=2)or alone["\\";line];2;
      alone["/";line];1;
      0]}[alone]\[0;text];
  keep:where(inside=0)and not blank;
  starts:where not text[keep;0]in" \t";
  if[0=count starts;:(`long$();())];
  groups:starts cut keep;
  (1+first each groups;"\n"sv'text groups)}
