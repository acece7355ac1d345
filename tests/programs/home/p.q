/ Stands in for embedPy where there is no Python: modules and their members can be named, kept and passed on as in
/ embedPy, and whatever would need an answer from Python signals 'python.

\d .p

/ true from the moment something needed Python
asked:0b
need:{asked::1b;'`python}

/ A member of a module: a name gives one of its own members, a version its text; calls and conversions need Python.
member:{[path;arguments]
  name:first arguments;
  $[-11h<>type name;need[];
    name~`;$[path like"*__version__";"1.0.0";need[]];
    ":"<>first string name;need[];
    object path,".",(1_string name)]}
object:{[path]('[member path;enlist])}

import:('[{object string first x};enlist])
e:{[code]}
.p.eval:.p.get:pyeval:pyget:pyfunc:wrap:('[{[arguments]object"result"};enlist])
.p.set:('[{[arguments]};enlist])
call:qeval:('[{[arguments]need[]};enlist])
i.isw:i.isf:i.isp:{0b}

/ words of the language, as embedPy makes them
.q.pykw:{[name;argument].p.need[]}
.q.pykwargs:.q.pyarglist:{[arguments].p.need[]}
\d .
