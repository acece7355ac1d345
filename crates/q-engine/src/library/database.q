/ .Q: writing and reading databases of splayed tables in partitions. Facts: reference, page "The .Q namespace".
\d .Q

/ -- enumeration -------------------------------------------------------------------------------------------------------
/ columns of symbols, or of lists of symbols
symcols:{[t]where{$[0h=type x;(0<count x)and all 11h=type each x;11h=type x]}each flip t}

/ symbol columns enumerated over the file `name` in `dir`, which grows; over the variable when `dir` is ::
ens:{[dir;t;name]
  names:symcols t;
  if[0=count names;:t];
  domain:$[dir~(::);name;` sv dir,name];
  domain?distinct raze{distinct raze x}each flip[t]names;
  @[t;names;{[name;x]$[0h=type x;(name$)each x;name$x]}name]}
en:ens[;;`sym]

/ -- paths -------------------------------------------------------------------------------------------------------------
/ segment folders of a database, or the folder itself
segments:{[dir]
  file:` sv dir,`par.txt;
  $[()~key file;enlist dir;hsym`$text where 0<count each text:trim each read0 file]}

/ where a table of a partition belongs
par:{[dir;part;table]
  roots:segments dir;
  ` sv(roots("j"$part)mod count roots),(`$string part),table}

/ folders of partitions, the newest first
partfolders:{[dir]
  found:raze{[root]
    names:key root;
    names:names where{all x in .Q.n,"."}each string names;
    flip(names;` sv'root,'names)}each segments dir;
  $[count found;found[idesc found[;0];1];`symbol$()]}

/ -- writing partitions ------------------------------------------------------------------------------------------------
/ true for what has a file format that can be mapped: vectors, and lists of vectors of one type
mappable:{[x]
  if[(0h<type x)or 0=count x;:1b];
  kinds:type each x;
  (0h<first kinds)and all kinds=first kinds}

/ column files in the given order of rows, `parted` first and with its attribute
writesplay:{[path;t;rows;parted]
  if[not all mappable each value flip t;'`unmappable];
  {[path;t;rows;parted;name]
    column:t[name]rows;
    (` sv path,name)set$[name=parted;`p#column;column]}[path;t;rows;parted]each cols t;
  (` sv path,`.d)set$[null parted;cols t;parted,cols[t]except parted];}

dpfts:{[dir;part;field;name;domain]
  t:value name;
  if[not field in cols t;'field];
  rows:iasc t field;
  writesplay[par[dir;part;name];ens[dir;t;domain];rows;field];
  name}
dpft:dpfts[;;;;`sym]

dpts:{[dir;part;name;domain]
  t:ens[dir;value name;domain];
  writesplay[par[dir;part;name];t;til count t;`];
  name}
dpt:dpts[;;;`sym]

/ end of day: every table to its partition, then emptied; the database behind the handle reloads
hdpf:{[address;dir;part;field]
  {[dir;part;field;name]dpft[dir;part;field;name];@[`.;name;0#]}[dir;part;field]each tables`.;
  h:@[hopen;address;0];
  if[h;h"\\l .";hclose h];}

/ fixed-width records of a file as a partition, chunk by chunk
dsftg:{[target;source;fields;format;after]
  width:sum format 1;
  size:$[0<source 2;source 2;source[2]+hcount[source 0]-source 1];
  rows:M&size div width;
  path:` sv(par . target),`;
  at:0;
  while[at<rows;
    some:1000000&rows-at;
    t:after flip fields!format 1:(source 0;source[1]+at*width;some*width);
    path upsert en[target 0;t];
    at+:some];
  target 2}

/ -- tables missing from partitions ------------------------------------------------------------------------------------
/ writes tables that a partition lacks, empty, after the newest partition that has them; per partition what was mended
chk:{[dir]
  folders:partfolders dir;
  held:{[folder]names:key folder;names where not"."=first each string names}each folders;
  {[folders;held;folder]
    missing:(distinct raze held)except held folders?folder;
    if[0=count missing;:()];
    {[folders;held;folder;name]
      model:first folders where name in/:held;
      (` sv folder,name,`)set 0#get` sv model,name,`}[folders;held;folder]each missing;
    enlist folder}[folders;held]each folders}

/ -- rows of partitioned tables ----------------------------------------------------------------------------------------
/ rows by their numbers over all partitions
ind:{[t;rows]
  starts:0,sums cn t;
  parts:starts bin rows;
  pieces:{[t;starts;rows;parts;part]
    place:where parts=part;
    (place;?[t;enlist(=;.Q.pf;.Q.pv part);0b;()]rows[place]-starts part)}[t;starts;rows;parts]each asc distinct parts;
  if[0=count pieces;:?[t;enlist(=;.Q.pf;first .Q.pv);0b;()]rows];
  raze[pieces[;1]]iasc raze pieces[;0]}

/ partitions are mapped per query; there is nothing to keep open
MAP:{[x]}
