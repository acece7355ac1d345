//! Aggregates of a vector, and what runs along a vector: each item of a running function is the aggregate of what came
//! so far or of a window.

use q_value::{Type, Value};

use crate::arguments::Domain;
use crate::check::{Expected, Row, call, check, row};
use crate::items::{
    by, flags, floats, has_infinity, has_null, hole, is_flat, list_like, long, number, numbers,
    order,
};

fn present(x: &Value) -> Vec<f64> {
    numbers(x).into_iter().filter(|x| !x.is_nan()).collect()
}

/// Folds the items that are not null by an atomic primitive.
fn fold(x: &Value, glyph: &str) -> Option<Value> {
    let mut items = x.items().into_iter().filter(|item| !item.is_null_atom());
    let first = items.next()?;
    items.try_fold(first, |sum, item| call(glyph, vec![sum, item]).ok())
}

fn total(x: &Value, glyph: &str) -> Expected {
    if !is_flat(x) || has_infinity(x) || !matches!(x.basic_type(), Some(Type::Long | Type::Float)) {
        return Expected::Open;
    }
    fold(x, glyph).map_or(Expected::Open, Expected::Is)
}

fn extreme(x: &Value, is_better: fn(std::cmp::Ordering) -> bool) -> Expected {
    let mut items = x.items().into_iter().filter(|item| !item.is_null_atom());
    let Some(first) = items.next() else {
        return Expected::Open;
    };
    Expected::Is(items.fold(first, |best, item| {
        if is_better(order(&item, &best)) {
            item
        } else {
            best
        }
    }))
}

fn mean(x: &[f64]) -> f64 {
    if x.is_empty() {
        f64::NAN
    } else {
        x.iter().sum::<f64>() / x.len() as f64
    }
}

fn variance(x: &[f64]) -> f64 {
    let middle = mean(x);
    mean(
        &x.iter()
            .map(|x| (x - middle) * (x - middle))
            .collect::<Vec<_>>(),
    )
}

fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let (left, right) = (mean(x), mean(y));
    mean(
        &x.iter()
            .zip(y)
            .map(|(x, y)| (x - left) * (y - right))
            .collect::<Vec<_>>(),
    )
}

fn sample(population: f64, count: usize) -> f64 {
    if count < 2 {
        f64::NAN
    } else {
        population * count as f64 / (count as f64 - 1.0)
    }
}

/// A float of the numbers that are there; nothing is said of infinities.
fn statistic(x: &Value, of: fn(&[f64]) -> f64) -> Expected {
    if !is_flat(x) || has_infinity(x) || x.basic_type() == Some(Type::Real) {
        return Expected::Open;
    }
    Expected::Is(Value::Float(of(&present(x))))
}

fn median(x: &[f64]) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count => (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0,
    }
}

fn of_two(x: &[Value], of: fn(&[f64], &[f64]) -> f64) -> Expected {
    Expected::Is(Value::Float(of(&numbers(&x[0]), &numbers(&x[1]))))
}

fn truth(x: &Value) -> Option<Vec<bool>> {
    if !is_flat(x) || matches!(x.basic_type(), Some(Type::Symbol | Type::Guid | Type::Char)) {
        return None;
    }
    Some(
        x.items()
            .iter()
            .map(|item| number(item) != Some(0.0))
            .collect(),
    )
}

/// Item `i` is the aggregate of the items up to `i`.
fn running(x: &Value, aggregate: &str) -> Expected {
    if !is_flat(x)
        || x.count() == 0
        || has_infinity(x)
        || !matches!(x.basic_type(), Some(Type::Long | Type::Float))
    {
        return Expected::Open;
    }
    let items = x.items();
    let answers: Option<Vec<Value>> = (1..=items.len())
        .map(|count| call(aggregate, vec![list_like(items[..count].to_vec(), x)]).ok())
        .collect();
    answers.map_or(Expected::Open, |answers| {
        Expected::Is(Value::from_items(answers))
    })
}

/// Item `i` is the aggregate of the last `width` items up to `i`.
fn moving(x: &[Value], of: fn(&[f64]) -> f64) -> Expected {
    let (width, x) = (long(&x[0]) as usize, &x[1]);
    if !is_flat(x) || has_infinity(x) || !matches!(x.basic_type(), Some(Type::Long | Type::Float)) {
        return Expected::Open;
    }
    let items = numbers(x);
    let windows = (1..=items.len()).map(|end| &items[end.saturating_sub(width)..end]);
    let answers = windows.map(|window| {
        let present: Vec<f64> = window.iter().copied().filter(|x| !x.is_nan()).collect();
        of(&present)
    });
    Expected::Is(floats(answers))
}

/// As [`moving`], with the type of the list.
fn moving_typed(x: &[Value], of: fn(&[f64]) -> f64) -> Expected {
    if has_null(&x[1]) {
        return Expected::Open;
    }
    match (moving(x, of), x[1].basic_type()) {
        (Expected::Is(answers), Some(Type::Long)) => Expected::Is(Value::Longs(
            numbers(&answers).into_iter().map(|x| x as i64).collect(),
        )),
        (expected, _) => expected,
    }
}

/// Each item with the one before it.
fn prior(x: &Value, glyph: &str, first: impl Fn(&Value) -> Option<Value>) -> Expected {
    if !is_flat(x) || !matches!(x.basic_type(), Some(Type::Long | Type::Float)) {
        return Expected::Open;
    }
    let items = x.items();
    let answers: Option<Vec<Value>> = items
        .iter()
        .enumerate()
        .map(|(at, item)| match at {
            0 => first(item),
            at => call(glyph, vec![item.clone(), items[at - 1].clone()]).ok(),
        })
        .collect();
    answers.map_or(Expected::Open, |answers| {
        Expected::Is(list_like(answers, x))
    })
}

/// Item `i` of the result is item `i - by` of the list, null outside.
fn shifted(x: &Value, by: i64) -> Expected {
    if !is_flat(x) {
        return Expected::Open;
    }
    let items = x.items();
    let answers = (0..items.len() as i64).map(|at| {
        usize::try_from(at - by)
            .ok()
            .and_then(|at| items.get(at))
            .cloned()
            .unwrap_or_else(|| hole(x))
    });
    Expected::Is(list_like(answers.collect(), x))
}

static ROWS: &[Row] = &[
    row("count", &[Domain::Anything], |x| {
        Expected::Is(Value::Long(if x[0].is_list() {
            x[0].items().len() as i64
        } else {
            1
        }))
    }),
    row("first", &[Domain::List], |x| {
        x[0].item(0).map_or(Expected::Open, Expected::Is)
    }),
    row("last", &[Domain::List], |x| {
        x[0].items()
            .last()
            .cloned()
            .map_or(Expected::Open, Expected::Is)
    }),
    row("sum", &[Domain::Ordered], |x| total(&x[0], "+")),
    row("prd", &[Domain::FewLongs], |x| total(&x[0], "*")),
    row("max", &[Domain::Ordered], |x| {
        extreme(&x[0], std::cmp::Ordering::is_gt)
    }),
    row("min", &[Domain::Ordered], |x| {
        extreme(&x[0], std::cmp::Ordering::is_lt)
    }),
    row("all", &[Domain::Numbers], |x| {
        truth(&x[0]).map_or(Expected::Open, |x| {
            Expected::Is(Value::Boolean(x.iter().all(|x| *x)))
        })
    }),
    row("any", &[Domain::Numbers], |x| {
        truth(&x[0]).map_or(Expected::Open, |x| {
            Expected::Is(Value::Boolean(x.iter().any(|x| *x)))
        })
    }),
    row("avg", &[Domain::Numbers], |x| statistic(&x[0], mean)),
    row("med", &[Domain::Numbers], |x| {
        // a null sorts lowest and counts
        if has_null(&x[0]) {
            Expected::Open
        } else {
            statistic(&x[0], median)
        }
    }),
    row("var", &[Domain::Numbers], |x| statistic(&x[0], variance)),
    row("dev", &[Domain::Numbers], |x| {
        statistic(&x[0], |x| variance(x).sqrt())
    }),
    row("svar", &[Domain::Numbers], |x| {
        statistic(&x[0], |x| sample(variance(x), x.len()))
    }),
    row("sdev", &[Domain::Numbers], |x| {
        statistic(&x[0], |x| sample(variance(x), x.len()).sqrt())
    }),
    row("cov", &[Domain::TwelveFloats, Domain::TwelveFloats], |x| {
        of_two(x, covariance)
    }),
    row("scov", &[Domain::TwelveFloats, Domain::TwelveFloats], |x| {
        of_two(x, |x, y| sample(covariance(x, y), x.len()))
    }),
    row("cor", &[Domain::TwelveFloats, Domain::TwelveFloats], |x| {
        of_two(x, |x, y| {
            covariance(x, y) / (variance(x) * variance(y)).sqrt()
        })
    }),
    row("wsum", &[Domain::TwelveFloats, Domain::TwelveFloats], |x| {
        of_two(x, |x, y| x.iter().zip(y).map(|(x, y)| x * y).sum())
    }),
    row("wavg", &[Domain::TwelveFloats, Domain::TwelveFloats], |x| {
        of_two(x, |x, y| {
            x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / x.iter().sum::<f64>()
        })
    }),
    row("sums", &[Domain::Numbers], |x| running(&x[0], "sum")),
    row("prds", &[Domain::FewLongs], |x| running(&x[0], "prd")),
    row("maxs", &[Domain::Numbers], |x| running(&x[0], "max")),
    row("mins", &[Domain::Numbers], |x| running(&x[0], "min")),
    row("avgs", &[Domain::Numbers], |x| running(&x[0], "avg")),
    row("mavg", &[Domain::Positive, Domain::Numbers], |x| {
        moving(x, mean)
    }),
    row("msum", &[Domain::Positive, Domain::Numbers], |x| {
        match (moving(x, |x| x.iter().sum()), x[1].basic_type()) {
            (Expected::Is(answers), Some(Type::Long)) => Expected::Is(Value::Longs(
                numbers(&answers).into_iter().map(|x| x as i64).collect(),
            )),
            (expected, _) => expected,
        }
    }),
    row(
        "mcount",
        &[Domain::Positive, Domain::Numbers],
        |x| match moving(x, |x| x.len() as f64) {
            Expected::Is(counts) => Expected::Is(Value::Longs(
                numbers(&counts).into_iter().map(|x| x as i64).collect(),
            )),
            expected => expected,
        },
    ),
    row("mdev", &[Domain::Positive, Domain::TwelveFloats], |x| {
        moving(x, |x| variance(x).sqrt())
    }),
    row("mmax", &[Domain::Positive, Domain::Numbers], |x| {
        moving_typed(x, |x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }),
    row("mmin", &[Domain::Positive, Domain::Numbers], |x| {
        moving_typed(x, |x| x.iter().copied().fold(f64::INFINITY, f64::min))
    }),
    row("ema", &[Domain::Portion, Domain::TwelveFloats], |x| {
        let weight = number(&x[0]).expect("a float");
        let mut last = None;
        Expected::Is(floats(numbers(&x[1]).into_iter().map(|x| {
            let next = last.map_or(x, |last: f64| last + weight * (x - last));
            last = Some(next);
            next
        })))
    }),
    row("deltas", &[Domain::Numbers], |x| {
        prior(&x[0], "-", |first| Some(first.clone()))
    }),
    row("ratios", &[Domain::Numbers], |x| {
        prior(&x[0], "%", |first| number(first).map(Value::Float))
    }),
    row("differ", &[Domain::List], |x| {
        let items = x[0].items();
        Expected::Is(flags(
            (0..items.len()).map(|at| at == 0 || !items[at].is_identical(&items[at - 1])),
        ))
    }),
    row("fills", &[Domain::Vector], |x| {
        let mut last: Option<Value> = None;
        let filled = x[0].items().into_iter().map(|item| {
            let filled = match &last {
                Some(last) if item.is_null_atom() => last.clone(),
                _ => item,
            };
            last = Some(filled.clone());
            filled
        });
        Expected::Is(list_like(filled.collect(), &x[0]))
    }),
    row("prev", &[Domain::Vector], |x| shifted(&x[0], 1)),
    row("next", &[Domain::Vector], |x| shifted(&x[0], -1)),
    row("xprev", &[Domain::Small, Domain::Vector], |x| {
        shifted(&x[1], long(&x[0]))
    }),
];

#[test]
fn aggregates_equal_their_definitions() {
    check(ROWS);
}

#[test]
fn aggregates_of_dictionaries_and_tables_take_their_values() {
    let column = Value::Longs(vec![4, 1, i64::MIN, 7].into());
    for name in [
        "sum", "max", "min", "avg", "all", "any", "first", "last", "med", "dev",
    ] {
        let Expected::Is(expected) = by(name, std::slice::from_ref(&column)) else {
            panic!("{name} of longs");
        };
        let keys = Value::symbols(["a", "b", "c", "d"]);
        let found = call(name, vec![Value::dict(keys, column.clone())]);
        assert!(
            found.is_ok_and(|found| found.is_identical(&expected)),
            "{name} of a dictionary"
        );
    }
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}
