//! Times the kernels on large vectors: `cargo run --release -p q-kernels --example kernel_speed [scale]`.
//!
//! Prints one line per operation: its name, rows, and medians of five runs in milliseconds. With scale 1 the rows are
//! those of the published figures this project compares itself with: 1e8 for streaming work, 1e7 where results are large.

use std::time::Instant;

use q_kernels::{Kernel, binary, keywords};
use q_value::{Binary, QResult, Symbol, Value};

#[global_allocator]
static ALLOCATOR: q_kernels::memory::Allocator = q_kernels::memory::Allocator;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> i64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as i64
    }

    fn float(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Nanoseconds this thread has spent on a processor; zero where the system does not tell.
fn processor_ns() -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .unwrap_or(0.0)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Times the work on one thread by processor time, which other programs disturb less, and on all threads by the clock.
fn time(name: &str, rows: usize, work: impl Fn() -> QResult<Value>) {
    let all = q_kernels::threads();
    q_kernels::set_threads(1);
    let run = |elapsed: &dyn Fn() -> f64| {
        let times = (0..5).map(|_| {
            let start = elapsed();
            let answer = work();
            let time = elapsed() - start;
            if let Err(error) = &answer {
                println!("{name}: {error}");
            }
            drop(answer);
            time
        });
        median(times.collect())
    };
    let single = run(&|| processor_ns() / 1e6);
    q_kernels::set_threads(all);
    let epoch = Instant::now();
    let clock = run(&|| epoch.elapsed().as_secs_f64() * 1e3);
    println!("{name:<24} {rows:>10} {single:>9.2} ms on one thread {clock:>9.2} ms on {all}");
}

fn one(name: &str, x: &Value) -> QResult<Value> {
    match keywords()
        .find(|row| row.name == name)
        .map(|row| row.kernel)
    {
        Some(Kernel::One(kernel)) => kernel(x.clone()),
        _ => panic!("no unary keyword {name}"),
    }
}

fn two(name: &str, x: &Value, y: &Value) -> QResult<Value> {
    match keywords()
        .find(|row| row.name == name)
        .map(|row| row.kernel)
    {
        Some(Kernel::Two(kernel)) => kernel(x.clone(), y.clone()),
        _ => panic!("no binary keyword {name}"),
    }
}

fn main() {
    let scale: usize = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let large = 100_000_000 / scale;
    let medium = 10_000_000 / scale;
    let mut random = Random(0x1234_5678_9abc_def1);
    let a = Value::Longs((0..large).map(|_| random.below(1000)).collect());
    let b = Value::Longs((0..large).map(|_| random.below(1000)).collect());
    time("sum long", large, || one("sum", &a));
    time("max long", large, || one("max", &a));
    time("avg long", large, || one("avg", &a));
    time("long + long", large, || {
        binary(Binary::Add, a.clone(), b.clone())
    });
    time("long * long", large, || {
        binary(Binary::Multiply, a.clone(), b.clone())
    });
    time("long + 1", large, || {
        binary(Binary::Add, a.clone(), Value::Long(1))
    });
    time("long > 500", large, || {
        binary(Binary::Greater, a.clone(), Value::Long(500))
    });
    time("long within", large, || {
        two("within", &a, &Value::Longs(vec![100, 200].into()))
    });
    time("sums long", large, || one("sums", &a));
    time("deltas long", large, || one("deltas", &a));
    time("5 xbar long", large, || two("xbar", &Value::Long(5), &a));
    time("fills long", large, || one("fills", &a));
    drop(b);
    drop(a);

    let x = Value::Floats((0..large).map(|_| random.float()).collect());
    let y = Value::Floats((0..large).map(|_| random.float()).collect());
    time("sum float", large, || one("sum", &x));
    time("max float", large, || one("max", &x));
    time("avg float", large, || one("avg", &x));
    time("sdev float", large, || one("sdev", &x));
    time("float + float", large, || {
        binary(Binary::Add, x.clone(), y.clone())
    });
    time("float * float", large, || {
        binary(Binary::Multiply, x.clone(), y.clone())
    });
    time("float > 0.5", large, || {
        binary(Binary::Greater, x.clone(), Value::Float(0.5))
    });
    time("float > float", large, || {
        binary(Binary::Greater, x.clone(), y.clone())
    });
    for limit in [0.5, 0.99] {
        time(&format!("where float > {limit}"), large, || {
            let flags = binary(Binary::Greater, x.clone(), Value::Float(limit))?;
            one("where", &flags)
        });
    }
    drop(y);
    drop(x);

    let s_int = Value::Longs((0..medium).map(|_| random.next() as i64).collect());
    let s_flt = Value::Floats(
        (0..medium)
            .map(|_| (random.float() - 0.5) * 1e300)
            .collect(),
    );
    let d_int = Value::Longs((0..medium).map(|_| random.below(1_000_000)).collect());
    let p_int = Value::Longs(
        (0..100_000 / scale.min(100))
            .map(|_| random.below(1_000_000))
            .collect(),
    );
    time("asc float", medium, || one("asc", &s_flt));
    time("asc long", medium, || one("asc", &s_int));
    time("iasc long", medium, || one("iasc", &s_int));
    time("iasc long 1e6 values", medium, || one("iasc", &d_int));
    time("distinct long", medium, || one("distinct", &d_int));
    time("distinct wide long", medium, || one("distinct", &s_int));
    time("long in long", medium, || two("in", &d_int, &p_int));
    time("long ? long", medium, || {
        binary(Binary::Query, p_int.clone(), d_int.clone())
    });
    time("group long", medium, || one("group", &d_int));
    let names: Vec<Symbol> = (0..100)
        .map(|name| Symbol::new(format!("name{name}")))
        .collect();
    let sym = Value::Symbols(
        (0..medium)
            .map(|_| names[random.below(100) as usize])
            .collect(),
    );
    let price = Value::Floats((0..medium).map(|_| random.float()).collect());
    let size = Value::Longs((0..medium).map(|_| random.below(1000)).collect());
    time("sym = one", medium, || {
        binary(Binary::Equal, sym.clone(), Value::Symbol(names[7]))
    });
    time("group sym", medium, || one("group", &sym));
    time("iasc sym", medium, || one("iasc", &sym));
    time("50 mavg float", medium, || {
        two("mavg", &Value::Long(50), &price)
    });
    let columns = [sym.clone()];
    time("group ids sym", medium, || {
        q_kernels::grouped::ascending_groups(&columns)
            .map(|groups| Value::Long(groups.count as i64))
    });
    let groups = q_kernels::grouped::ascending_groups(&columns).expect("a column");
    let by = |op| q_kernels::grouped::aggregate(op, &size, &groups);
    time("sum size by sym", medium, || {
        by(q_kernels::grouped::One::Sum)
    });
    time("max size by sym", medium, || {
        by(q_kernels::grouped::One::Max)
    });
    time("med size by sym", medium, || {
        by(q_kernels::grouped::One::Med)
    });
    time("wavg by sym", medium, || {
        q_kernels::grouped::aggregate_two(q_kernels::grouped::Two::Wavg, &size, &price, &groups)
    });
    let columns = [sym.clone(), d_int.clone()];
    time("group ids sym, long", medium, || {
        q_kernels::group::group_ids(&columns).map(|groups| Value::Long(groups.count as i64))
    });
    time("order by sym, long", medium, || {
        q_kernels::sort::order_by(&[(&sym, false), (&s_int, false)])
            .map(|rows| Value::Long(i64::from(rows[0])))
    });
    let rows = q_kernels::sort::order_of(&s_int, false).expect("a vector");
    time("gather float", medium, || {
        Ok(q_kernels::gather::at(&price, &rows))
    });
}
