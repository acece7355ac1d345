/ Loaded first by every node's q: connects to the agent, defines .aws and .awscust.z, runs the initialization script.
/ Plain q on purpose, so that another q can be plugged in.
/ Internal names are in .qspace; they may change at any time.

.qspace.address:`$":",getenv[`QSPACE_AGENT],":node:",getenv`QSPACE_AGENT_SECRET
setenv[`QSPACE_AGENT_SECRET;""]
.qspace.h:hopen .qspace.address
/ The agent answers every request with a value; an error means that the handle was closed, by user code that closes all.
.qspace.ask:{@[.qspace.h;x;{[m;e] .qspace.h:hopen .qspace.address; .qspace.h m}[x]]}
.qspace.text:{$[10h=type x;x;-10h=type x;enlist x;-11h=type x;string x;x~(::);"";(0h=type x)&0=count x;"";string x]}
.qspace.failed:{`finspace_error_code`message!("ServiceUnavailableException";"the node's agent does not answer: ",x)}
/ Errors come back as dictionaries, never as signals.
.qspace.call:{[f;a] @[.qspace.ask;(`call;f;a);.qspace.failed]}
.qspace.is_error:{$[99h=type x;$[11h=type key x;`finspace_error_code in key x;0b];0b]}
.qspace.quiet:{[f;a] r:.qspace.call[f;a];$[.qspace.is_error r;r;(::)]}
.qspace.config:.qspace.ask enlist`config

.aws.args:.qspace.config`args
.aws.akdb:.qspace.config`database
.aws.akdbp:"/opt/kx/app/db"
.aws.akcp:"/opt/kx/app/code"
if[.qspace.config[`cluster_type]~"GP";.aws.akcsp:"/opt/kx/app/code_scratch"]

.aws.get_kx_cluster:{.qspace.call[`get_kx_cluster;enlist .qspace.text x]}
.aws.list_kx_clusters:{.qspace.call[`list_kx_clusters;()]}
.aws.list_kx_cluster_nodes:{.qspace.call[`list_kx_cluster_nodes;enlist .qspace.text x]}
.aws.get_kx_connection_string:{.qspace.call[`get_kx_connection_string;enlist .qspace.text x]}
.aws.get_kx_node_connection_string:{[c;n].qspace.call[`get_kx_node_connection_string;(.qspace.text c;.qspace.text n)]}
.aws.delete_kx_cluster:{.qspace.quiet[`delete_kx_cluster;enlist .qspace.text x]}
.aws.stop_current_kx_cluster_creation:{
  r:.qspace.call[`stop_current_kx_cluster_creation;enlist .qspace.text x];
  if[.qspace.is_error r;:r];
  exit 1}

/ What users assign; all callable from the start, because samples apply them before they assign them.
.awscust.z.ts:{}
.awscust.z.pg:{value x}
.awscust.z.ps:{value x}
.awscust.z.po:{}
.awscust.z.pc:{}
.awscust.z.ws:{neg[.z.w]x}
.awscust.z.wo:{}
.awscust.z.wc:{}
.awscust.z.ph:@[value;".z.ph";{{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}}]
.awscust.z.pi:{}
.awscust.z.exit:{}

.z.pw:{[u;p]1b~@[.qspace.ask;(`pw;u;p);0b]}
.z.ts:{.awscust.z.ts x}
.z.pg:{.awscust.z.pg x}
.z.ps:{.awscust.z.ps x}
.z.po:{.awscust.z.po x}
.z.pc:{.awscust.z.pc x}
.z.ws:{.awscust.z.ws x}
.z.wo:{.awscust.z.wo x}
.z.wc:{.awscust.z.wc x}
.z.ph:{.awscust.z.ph x}
.z.exit:{.awscust.z.exit x}

if[count .qspace.config`zip_default;.z.zd:.qspace.config`zip_default]

.qspace.ask enlist`library_loaded
.qspace.load:{system"l ",x}
.qspace.stop:{[e;b] .qspace.ask(`init_failed;.qspace.text e;.qspace.text b); -2"'",.qspace.text e; if[count b;-2 b]; exit 1}
/ With .Q.trp the place of the error is known too.
.qspace.trp:@[value;".Q.trp";{0b}]
.qspace.sbt:@[value;".Q.sbt";{{[b]""}}]
.qspace.run:{$[.qspace.trp~0b;
  @[.qspace.load;x;.qspace.stop[;""]];
  .qspace.trp[.qspace.load;x;{[e;b] .qspace.stop[e;@[.qspace.sbt;b;""]]}]]}
if[count .qspace.config`init;.qspace.run .qspace.config`init]
.qspace.ask enlist`init_ok
