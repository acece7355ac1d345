/ .h: markup, formats and responses for HTTP. Facts: reference, page "The .h namespace".
\d .h

/ -- settings ----------------------------------------------------------------------------------------------------------
HOME:"html"
c0:`024C7E
c1:`958600
br:"<br>"
d:" "
logo:"<b>q</b>"
sa:"a{text-decoration:none}",raze{"a:",x[0],"{color:",string[x 1],"}"}each(("link";c0);("visited";c0);("active";c1))
sb:"body{font:10pt verdana;text-align:justify}"
/ characters that stand in URIs as they are
sc:"$-.+!*'(),",.Q.an
val:value

/ content types by file type
ty:(enlist`htm)!enlist"text/html"
ty[`html]:"text/html"
ty[`csv]:"text/comma-separated-values"
ty[`txt]:"text/plain"
ty[`xml]:"text/plain"
ty[`xls]:"application/msexcel"
ty[`gif]:"image/gif"
ty[`png]:"image/png"
ty[`jpg]:"image/jpeg"
ty[`svg]:"image/svg+xml"
ty[`ico]:"image/x-icon"
ty[`js]:"application/javascript"
ty[`css]:"text/css"
ty[`json]:"application/json"
ty[`pdf]:"application/pdf"
ty[`zip]:"application/zip"
ty[`swf]:"application/x-shockwave-flash"

/ -- elements ----------------------------------------------------------------------------------------------------------
/ strings are quoted, symbols and numbers are not
attribute:{[name;setting]" ",string[name],"=",$[10h=abs type setting;"\"",setting,"\"";string setting]}
hta:{[tag;attributes]"<",string[tag],raze[attribute'[key attributes;value attributes]],">"}
htc:{[tag;content]"<",string[tag],">",content,"</",string[tag],">"}
htac:{[tag;attributes;content]hta[tag;attributes],content,"</",string[tag],">"}
ha:{[target;text]htac[`a;(enlist`href)!enlist target;text]}
hb:{[target;text]htac[`a;`target`href!(`v;target);text]}
hc:{[text]ssr[text;"<";"&lt;"]}
hr:{[text]count[text]#"-"}
nbr:htc[`nobr]
endlines:{[text]raze text,\:"\n"}
pre:{[text]htc[`pre]endlines text}
xmp:{[text]htc[`xmp]endlines text}
text:{[paragraphs]endlines htc[`p]each paragraphs}
/ every second piece between tabs is code
code:{[text]
  parts:"\t"vs text;
  " "sv{[nth;part]$[nth mod 2;htc[`code]nbr part;part]}'[til count parts;parts]}
html:{[body]htc[`html]htc[`head;htc[`style;sa,sb]],htc[`body;body]}
fram:{[title;text;sources]
  width:26+10*max count each text;
  frames:"<frame src=\"",sources[0],"\"><frame name=v src=\"",sources[1],"\">";
  htc[`html]htc[`head]htc[`title;title],htac[`frameset;(enlist`cols)!enlist string[width],",*";frames]}
/ words that are addresses become links
http:{[text]" "sv{$[x like"http://*";ha[x;x];x]}each" "vs text}

/ -- escapes -----------------------------------------------------------------------------------------------------------
/ every character to its escape, those of `safe` to themselves
hug:{[safe]
  all256:"c"$til 256;
  all256!{[safe;c]$[c in safe;enlist c;"%",string"x"$c]}[safe]each all256}
escapes:hug sc
hu:{[text]raze escapes text,()}
uh:{[text]
  parts:"%"vs text;
  raze enlist[first parts],{("c"$"X"$2#x),2_x}each 1_parts}
entities:"&<>\"'"!("&amp;";"&lt;";"&gt;";"&quot;";"&apos;")
xs:{[text]raze{$[x in key entities;entities x;enlist x]}each text,()}
iso8601:{[at]@[string"p"$at;4 7 10;:;"--T"]}

/ -- data to text ------------------------------------------------------------------------------------------------------
/ lists in cells become text joined by .h.d; strings stay
plaincell:{[column]
  if[not 0h=type column;:column];
  {$[10h=type x;x;0h<type x;d sv string x;10h=type x:string x;x;.Q.s1 x]}each column}
plain:{[t]flip plaincell each flip 0!t}
cd:{[x]csv 0:$[.Q.qt x;plain x;x]}
td:{[x]"\t"0:$[.Q.qt x;plain x;x]}
cell:{[x]xs$[10h=abs type x;x;-11h=type x;string x;0h>type x;string x;.Q.s1 x]}
xd:{[x]
  t:0!x;
  tags:string cols t;
  row:{[tags;values]htc[`r]raze{"<",x,">",cell[y],"</",x,">"}'[tags;values]};
  enlist["<R>"],(row[tags]each flip value flip t),enlist"</R>"}
jd:{[x].j.j each$[.Q.qt x;0!x;x]}

/ -- spreadsheets ------------------------------------------------------------------------------------------------------
xmlns:{[which]raze{" xmlns",x,"=\"urn:schemas-microsoft-com:office:",y,"\""}'[(key which);value which]}
spaces:("";":o";":x";":ss")!("spreadsheet";"office";"excel";"spreadsheet")
booktype:"<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?>"
/ dates and times are shown as text: a spreadsheet counts days from elsewhere
sheetcell:{[x]
  isnumber:type[x]in -4 -5 -6 -7 -8 -9h;
  kind:$[not isnumber;"String";(null x)or abs["f"$x]in 0w,"f"$(0W;0Wi;0Wh);"String";"Number"];
  "<Cell><Data ss:Type=\"",kind,"\">",cell[x],"</Data></Cell>"}
sheet:{[name;t]
  t:0!t;
  rows:enlist[cols t],flip value flip t;
  lines:{"<Row>",raze[sheetcell each x],"</Row>"}each rows;
  "<Worksheet ss:Name=\"",xs[string name],"\"><Table>",raze[lines],"</Table></Worksheet>"}
workbook:{[namespaces;sheets]
  (booktype;"<Workbook",xmlns[namespaces],">",raze[sheet'[key sheets;value sheets]],"</Workbook>")}
ed:{[t]workbook[spaces](enlist`Sheet1)!enlist t}
edsn:{[sheets]workbook[("";":ss")#spaces]sheets}

/ converters by file type
tx:(enlist`raw)!enlist(,:)
tx[`json]:jd
tx[`csv]:cd
tx[`txt]:td
tx[`xml]:xd
tx[`xls]:ed
/ and back
xt:{[kind;text]$[kind=`json;.j.k each text;'kind]}

/ -- responses ---------------------------------------------------------------------------------------------------------
mime:{[kind]$[kind in key ty;ty kind;"application/octet-stream"]}
hn:{[status;kind;body]
  body:$[4h=type body;"c"$body;body,()];
  head:("HTTP/1.1 ",status;"Content-Type: ",mime kind;"Connection: close";"Content-Length: ",string count body);
  ("\r\n"sv head,("";"")),body}
hy:hn["200 OK"]
hp:{[text]hy[`htm]html pre text}
he:{[text]hn["400 Bad Request";`txt;"'",hc text]}
ka:{[idle]$[0<idle;"keep-alive";"close"]}

/ -- pages of the built-in server --------------------------------------------------------------------------------------
/ rows of a table from row `start` on, under links to other parts of it
jx:{[start;name]
  t:value name;
  size:count t;
  page:32;
  end:0|size-page;
  link:{[row;text]ha["?[",string row;text]};
  places:(0;0|start-page;end&start+page;end);
  links:" "sv link'[places;("home";"up";"down";"end")];
  body:tablelines 0!(start;page)sublist t;
  (links," ",string[size],"[",string[start],"]";""),body}
/ a table as the console shows it, but whole and with lines of one width
tablelines:{[t]
  cells:{[name;column]
    text:enlist[string name],{$[10h=type x;.Q.s1 x;-11h=type x;string x;0h>type x;$[null x;"";string x];.Q.s1 x]}each column;
    width:max count each text;
    width$text}'[cols t;value flip t];
  rows:" "sv'flip cells;
  enlist[first rows],enlist[count[first rows]#"-"],1_rows}

/ a page from a text of paragraphs, headings, code and literal lines: `src/name.txt` to `name.htm`
ht:{[name]
  mark:{[line]
    $[0=count line;"";
      "."=first line;htc[`h3;http 1_line];
      "\t"=first line;htc[`code;hc 1_line],br;
      " "=first line;htc[`xmp;line];
      htc[`p;http code line]]};
  (`$":",string[name],".htm")0:enlist html endlines mark each read0`$":src/",string[name],".txt"}
\d .

/ -- HTTP GET ----------------------------------------------------------------------------------------------------------
/ nothing: the variables; `?code`: its value; `name.csv?code`: its value in that format; else a file below .h.HOME
.z.ph:{[request]
  text:.h.uh$[10h=type request;request;first request];
  parts:"?"vs text;
  path:first parts;code:"?"sv 1_parts;
  kind:`$last"."vs path;
  @[{[text;path;code;kind]
      if[0=count text;:.h.hy[`htm].h.html .h.pre .h.ha'["?",/:string names;string names:asc key`.]];
      if[(0=count path)and"["=first code;:.h.hp .h.jx["J"$1_code;last tables[]]];
      if[0=count path;:.h.hp .h.hc each"\n"vs -1_.Q.s .h.val code];
      if[(count code)and kind in key .h.tx;:.h.hy[kind]"\n"sv .h.tx[kind].h.val code];
      if[path like"*..*";:.h.hn["403 Forbidden";`txt;path]];
      .h.hy[kind]"c"$read1`$":",.h.HOME,"/",path}[text;path;code];
    kind;
    {[path;code;error]$[(count path)and 0=count code;.h.hn["404 Not Found";`txt;path,": not found"];.h.he error]}[path;code]]}
