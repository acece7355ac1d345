//! `cargo xtask bench interpreter`: loops, calls and amends of scalar code beside CPython 3.11.
//!
//! Every task is one program per language: preparation, then one expression. Both processes read the clock right before
//! and right after the expression, so that neither start-up nor preparation counts. The two take turns; a row is the
//! median of its rounds. The answers must agree.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::{build_release_q, median};
use crate::step::step;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rounds per task; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only tasks whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// The CPython to compare with.
    #[arg(long, default_value = "python3.11")]
    python: String,
    /// A q to measure instead of the release build.
    #[arg(long)]
    q: Option<std::path::PathBuf>,
}

/// Times CPython's speed that each required row must reach.
const SPEED_UP_MIN: f64 = 2.0;

struct Task {
    name: &'static str,
    /// False for rows that are shown beside the others only.
    is_required: bool,
    /// Statements before the clock starts, then the timed expression; its value is a number.
    q: (&'static str, &'static str),
    python: (&'static str, &'static str),
}

const TASKS: &[Task] = &[
    Task {
        name: "recursive fib 27",
        is_required: true,
        q: ("fib:{$[x<2;x;fib[x-1]+fib[x-2]]}", "fib 27"),
        python: (
            "def fib(x): return x if x<2 else fib(x-1)+fib(x-2)",
            "fib(27)",
        ),
    },
    Task {
        name: "recursive fib 27, .z.s",
        is_required: true,
        q: ("fib:{$[x<2;x;.z.s[x-1]+.z.s[x-2]]}", "fib 27"),
        python: (
            "def fib(x): return x if x<2 else fib(x-1)+fib(x-2)",
            "fib(27)",
        ),
    },
    Task {
        name: "while, 1e7 additions",
        is_required: true,
        q: ("f:{i:0;s:0;while[i<x;s+:i;i+:1];s}", "f 10000000"),
        python: (
            "def f(x):\n i=0;s=0\n while i<x:\n  s+=i;i+=1\n return s",
            "f(10000000)",
        ),
    },
    Task {
        name: "{x+y}/ over 1e7 longs",
        is_required: true,
        q: ("v:til 10000000", "{x+y}/[0;v]"),
        python: (
            "from functools import reduce\nv=list(range(10000000))",
            "reduce(lambda x,y:x+y,v,0)",
        ),
    },
    Task {
        name: "{x+y}'[a;b], 1e6",
        is_required: true,
        q: (
            "a:til 1000000;b:reverse a;f:{x+y}",
            "r:f'[a;b];(count r)+r[0]+last r",
        ),
        python: (
            "a=list(range(1000000));b=a[::-1]\nf=lambda x,y:x+y\ndef g():\n r=list(map(f,a,b));return len(r)+r[0]+r[-1]",
            "g()",
        ),
    },
    Task {
        name: "list by ,: 1e6 times",
        is_required: true,
        q: (
            "f:{r:();i:0;while[i<x;r,:i;i+:1];r}",
            "r:f 1000000;(count r)+last r",
        ),
        python: (
            "def f(x):\n r=[];i=0\n while i<x:\n  r.append(i);i+=1\n return r\ndef g():\n r=f(1000000);return len(r)+r[-1]",
            "g()",
        ),
    },
    Task {
        name: "d[k]+:1, 1e6",
        is_required: true,
        q: (
            "f:{d:`a`b`c!0 0 0;k:`b;i:0;while[i<x;d[k]+:1;i+:1];d k}",
            "f 1000000",
        ),
        python: (
            "def f(x):\n d={'a':0,'b':0,'c':0};k='b';i=0\n while i<x:\n  d[k]+=1;i+=1\n return d[k]",
            "f(1000000)",
        ),
    },
    Task {
        name: "d[i mod 1000]+:1 of a dictionary, 1e6",
        is_required: true,
        q: (
            "f:{d:(til 1000)!1000#0;i:0;while[i<x;d[i mod 1000]+:1;i+:1];sum d}",
            "f 1000000",
        ),
        python: (
            "def f(x):\n d=dict.fromkeys(range(1000),0);i=0\n while i<x:\n  d[i%1000]+=1;i+=1\n return sum(d.values())",
            "f(1000000)",
        ),
    },
    Task {
        name: "d[i mod 1000]+:1 of a vector, 1e6",
        is_required: true,
        q: (
            "f:{d:1000#0;i:0;while[i<x;d[i mod 1000]+:1;i+:1];sum d}",
            "f 1000000",
        ),
        python: (
            "def f(x):\n d=[0]*1000;i=0\n while i<x:\n  d[i%1000]+=1;i+=1\n return sum(d)",
            "f(1000000)",
        ),
    },
    Task {
        name: "{1+x*x}each, 1e6",
        is_required: false,
        q: ("v:til 1000000", "last {1+x*x}each v"),
        python: ("v=list(range(1000000))", "[1+x*x for x in v][-1]"),
    },
    Task {
        name: "count raze string, 1e6",
        is_required: false,
        q: ("v:til 1000000", "count raze string v"),
        python: ("v=list(range(1000000))", "len(''.join(map(str,v)))"),
    },
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let q = match &options.q {
        Some(path) => path.clone(),
        None => step("release build of q", build_release_q)?,
    };
    println!(
        "{:<40} {:>10} {:>10} {:>8}",
        "task", "q ms", "CPython", "times"
    );
    let mut missed = Vec::new();
    for task in TASKS {
        if !options
            .only
            .as_ref()
            .is_none_or(|part| task.name.contains(part.as_str()))
        {
            continue;
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds.max(1) {
            let (our_time, our_answer) = run_q(&q, task)?;
            let (their_time, their_answer) = run_python(&options.python, task)?;
            ensure!(
                our_answer == their_answer,
                "{}: q answers {our_answer}, CPython {their_answer}",
                task.name
            );
            ours.push(our_time);
            theirs.push(their_time);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let times = theirs / ours;
        println!("{:<40} {ours:>10.1} {theirs:>10.1} {times:>8.2}", task.name);
        if task.is_required && times < SPEED_UP_MIN {
            missed.push(task.name);
        }
    }
    if missed.is_empty() {
        Ok(())
    } else {
        bail!(
            "below {SPEED_UP_MIN} times CPython's speed: {}",
            missed.join("; ")
        )
    }
}

/// Milliseconds and the answer.
fn run_q(q: &Path, task: &Task) -> Result<(f64, String)> {
    let (prepare, timed) = task.q;
    let program = format!(
        "{prepare}\nstart_:.z.p;answer_:{{{timed}}}[];taken_:`long$.z.p-start_\n-1 string[taken_],\" \",string answer_;\nexit 0\n"
    );
    timed_answer(Command::new(q).arg("-q"), &program)
}

fn run_python(python: &str, task: &Task) -> Result<(f64, String)> {
    let (prepare, timed) = task.python;
    let program = format!(
        "import time\n{prepare}\nstart_=time.perf_counter_ns()\nanswer_={timed}\ntaken_=time.perf_counter_ns()-start_\nprint(taken_,answer_)\n"
    );
    timed_answer(Command::new(python).arg("-"), &program)
}

/// Runs a program given on standard input that prints nanoseconds and an answer.
fn timed_answer(command: &mut Command, program: &str) -> Result<(f64, String)> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(program.as_bytes())?;
    }
    let output = String::from_utf8_lossy(&child.wait_with_output()?.stdout).into_owned();
    let (nanoseconds, answer) = output
        .trim()
        .split_once(' ')
        .with_context(|| format!("{shown} printed {output:?}"))?;
    Ok((nanoseconds.parse::<f64>()? / 1e6, answer.trim().to_owned()))
}
