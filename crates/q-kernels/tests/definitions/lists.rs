//! Searching, sorting and rearranging lists.

use q_value::Value;

use crate::arguments::Domain;
use crate::check::{Expected, Row, call, check, row};
use crate::items::{flags, is_flat, list_like, long, longs, number, order, place};

fn distinct(x: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for item in x.items() {
        if place(&found, &item).is_none() {
            found.push(item);
        }
    }
    found
}

/// Places in ascending (or descending) order of their items; equal items keep their order.
fn ranked(x: &Value, descending: bool) -> Vec<usize> {
    let items = x.items();
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by(|left, right| {
        let order = order(&items[*left], &items[*right]);
        if descending { order.reverse() } else { order }
    });
    places
}

fn picked(x: &Value, places: &[usize]) -> Value {
    let items = x.items();
    list_like(places.iter().map(|at| items[*at].clone()).collect(), x)
}

fn ranks(x: &Value) -> Vec<usize> {
    let mut ranks = vec![0; x.count()];
    for (rank, at) in ranked(x, false).into_iter().enumerate() {
        ranks[at] = rank;
    }
    ranks
}

fn same_type(x: &Value, y: &Value) -> bool {
    is_flat(x) && y.is_list() && x.type_number() == y.type_number()
}

/// Takes `count` items from a list, round and round; from the end when it is negative.
fn taken(count: i64, x: &Value) -> Expected {
    let items = x.items();
    if items.is_empty() {
        return Expected::Open;
    }
    let length = items.len() as i64;
    let wanted = count.abs();
    let start = if count < 0 { length - wanted } else { 0 };
    let answers = (0..wanted).map(|at| items[(start + at).rem_euclid(length) as usize].clone());
    Expected::Is(list_like(answers.collect(), x))
}

fn dropped(count: i64, x: &Value) -> Value {
    let items = x.items();
    let length = items.len();
    let cut = (count.unsigned_abs() as usize).min(length);
    let rest = if count < 0 {
        &items[..length - cut]
    } else {
        &items[cut..]
    };
    list_like(rest.to_vec(), x)
}

fn pieces(starts: &[usize], x: &Value) -> Expected {
    let items = x.items();
    if starts.last().is_some_and(|last| *last > items.len()) {
        return Expected::Open;
    }
    let ends = starts.iter().skip(1).copied().chain([items.len()]);
    let cut = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| list_like(items[*start..end].to_vec(), x));
    Expected::Is(Value::list(cut.collect()))
}

fn cuts(x: &Value) -> Vec<usize> {
    x.items().iter().map(|at| long(at) as usize).collect()
}

static ROWS: &[Row] = &[
    row("?", &[Domain::Vector, Domain::Vector], |x| {
        if !same_type(&x[0], &x[1]) {
            return Expected::Open;
        }
        let items = x[0].items();
        Expected::Is(longs(
            x[1].items()
                .iter()
                .map(|item| place(&items, item).unwrap_or(items.len())),
        ))
    }),
    row("in", &[Domain::Vector, Domain::Vector], |x| {
        if !same_type(&x[0], &x[1]) {
            return Expected::Open;
        }
        let items = x[1].items();
        Expected::Is(flags(
            x[0].items()
                .iter()
                .map(|item| place(&items, item).is_some()),
        ))
    }),
    row("within", &[Domain::FewLongs, Domain::Bounds], |x| {
        let bounds = x[1].items();
        let [low, high] = &bounds[..] else {
            return Expected::Open;
        };
        Expected::Is(flags(
            x[0].items()
                .iter()
                .map(|item| order(item, low).is_ge() && order(item, high).is_le()),
        ))
    }),
    row("bin", &[Domain::Ascending, Domain::FewLongs], |x| {
        let sorted = x[0].items();
        let last = |item: &Value| sorted.iter().rposition(|other| order(other, item).is_le());
        Expected::Is(Value::Longs(
            x[1].items()
                .iter()
                .map(|item| last(item).map_or(-1, |at| at as i64))
                .collect(),
        ))
    }),
    row("binr", &[Domain::Ascending, Domain::FewLongs], |x| {
        let sorted = x[0].items();
        let first = |item: &Value| sorted.iter().position(|other| order(other, item).is_ge());
        Expected::Is(longs(
            x[1].items()
                .iter()
                .map(|item| first(item).unwrap_or(sorted.len())),
        ))
    }),
    row("distinct", &[Domain::List], |x| {
        Expected::Is(list_like(distinct(&x[0]), &x[0]))
    }),
    row("group", &[Domain::List], |x| {
        let keys = distinct(&x[0]);
        if keys.is_empty() {
            return Expected::Open;
        }
        let items = x[0].items();
        let places = keys
            .iter()
            .map(|key| longs((0..items.len()).filter(|at| items[*at].is_identical(key))));
        Expected::Is(Value::dict(
            Value::from_items(keys.clone()),
            Value::list(places.collect()),
        ))
    }),
    row("except", &[Domain::Vector, Domain::Vector], |x| {
        if !same_type(&x[0], &x[1]) {
            return Expected::Open;
        }
        let others = x[1].items();
        let left = x[0]
            .items()
            .into_iter()
            .filter(|item| place(&others, item).is_none());
        Expected::Is(list_like(left.collect(), &x[0]))
    }),
    row("inter", &[Domain::Vector, Domain::Vector], |x| {
        if !same_type(&x[0], &x[1]) {
            return Expected::Open;
        }
        let others = x[1].items();
        let left = x[0]
            .items()
            .into_iter()
            .filter(|item| place(&others, item).is_some());
        Expected::Is(list_like(left.collect(), &x[0]))
    }),
    row("union", &[Domain::Vector, Domain::Vector], |x| {
        if !same_type(&x[0], &x[1]) {
            return Expected::Open;
        }
        let all = Value::from_items([x[0].items(), x[1].items()].concat());
        Expected::Is(list_like(distinct(&all), &x[0]))
    }),
    row("where", &[Domain::Flags], |x| {
        let items = x[0].items();
        Expected::Is(longs(
            (0..items.len()).filter(|at| number(&items[*at]) == Some(1.0)),
        ))
    }),
    row("iasc", &[Domain::Vector], |x| {
        Expected::Is(longs(ranked(&x[0], false)))
    }),
    row("idesc", &[Domain::Vector], |x| {
        Expected::Is(longs(ranked(&x[0], true)))
    }),
    row("asc", &[Domain::Vector], |x| {
        Expected::Is(picked(&x[0], &ranked(&x[0], false)))
    }),
    row("desc", &[Domain::Vector], |x| {
        Expected::Is(picked(&x[0], &ranked(&x[0], true)))
    }),
    row("rank", &[Domain::Vector], |x| {
        Expected::Is(longs(ranks(&x[0])))
    }),
    row("xrank", &[Domain::Positive, Domain::Vector], |x| {
        let (parts, count) = (long(&x[0]) as usize, x[1].count());
        Expected::Is(longs(
            ranks(&x[1]).into_iter().map(|rank| rank * parts / count),
        ))
    }),
    row("reverse", &[Domain::List], |x| {
        Expected::Is(list_like(x[0].items().into_iter().rev().collect(), &x[0]))
    }),
    row("til", &[Domain::Small], |x| match long(&x[0]) {
        count if count < 0 => Expected::Fails,
        count => Expected::Is(longs(0..count as usize)),
    }),
    row("#", &[Domain::Small, Domain::List], |x| {
        taken(long(&x[0]), &x[1])
    }),
    row("_", &[Domain::Small, Domain::List], |x| {
        Expected::Is(dropped(long(&x[0]), &x[1]))
    }),
    row("cut", &[Domain::Cuts, Domain::Vector], |x| {
        pieces(&cuts(&x[0]), &x[1])
    }),
    row("sublist", &[Domain::Small, Domain::List], |x| {
        let count = long(&x[0]);
        let most = x[1].count() as i64;
        if most == 0 {
            return Expected::Open;
        }
        taken(count.clamp(-most, most), &x[1])
    }),
    row("rotate", &[Domain::Small, Domain::Vector], |x| {
        let items = x[1].items();
        let by = long(&x[0]);
        let turned = (0..items.len() as i64)
            .map(|at| items[(at + by).rem_euclid(items.len() as i64) as usize].clone());
        Expected::Is(list_like(turned.collect(), &x[1]))
    }),
    row(",", &[Domain::List, Domain::List], |x| {
        if x.iter().any(|x| x.count() == 0) {
            return Expected::Open;
        }
        Expected::Is(Value::from_items([x[0].items(), x[1].items()].concat()))
    }),
    row("~", &[Domain::List, Domain::List], |x| {
        Expected::Is(Value::Boolean(x[0].is_identical(&x[1])))
    }),
    row("raze", &[Domain::Rows], |x| {
        Expected::Is(Value::from_items(
            x[0].items().iter().flat_map(Value::items).collect(),
        ))
    }),
    row("flip", &[Domain::Rows], |x| {
        let rows = x[0].items();
        let columns = (0..rows[0].count()).map(|at| {
            Value::from_items(
                rows.iter()
                    .map(|row| row.item(at).expect("equal counts"))
                    .collect(),
            )
        });
        Expected::Is(Value::list(columns.collect()))
    }),
    row("cross", &[Domain::Vector, Domain::Vector], |x| {
        let pairs: Vec<Value> = x[0]
            .items()
            .iter()
            .flat_map(|left| {
                x[1].items()
                    .into_iter()
                    .map(|right| Value::from_items(vec![left.clone(), right]))
                    .collect::<Vec<_>>()
            })
            .collect();
        if pairs.is_empty() {
            Expected::Open
        } else {
            Expected::Is(Value::list(pairs))
        }
    }),
    row("mmu", &[Domain::Square, Domain::Square], |x| {
        Expected::Is(product(&x[0], &x[1]))
    }),
    row("$", &[Domain::Square, Domain::Square], |x| {
        Expected::Is(product(&x[0], &x[1]))
    }),
    row("inv", &[Domain::Square], |x| {
        match call("inv", vec![x[0].clone()]) {
            // the inverse is what makes the product the unit matrix
            Ok(inverse) if is_unit(&product(&x[0], &inverse)) => Expected::Is(inverse),
            _ => Expected::Fails,
        }
    }),
    row("lsq", &[Domain::Square, Domain::Square], |x| {
        match call("lsq", vec![x[0].clone(), x[1].clone()]) {
            Ok(solution) if crate::check::agree(&product(&solution, &x[1]), &x[0]) => {
                Expected::Is(solution)
            }
            _ => Expected::Fails,
        }
    }),
];

fn product(x: &Value, y: &Value) -> Value {
    let rows = |value: &Value| -> Vec<Vec<f64>> {
        value.items().iter().map(crate::items::numbers).collect()
    };
    let (x, y) = (rows(x), rows(y));
    Value::list(
        x.iter()
            .map(|row| {
                crate::items::floats((0..y[0].len()).map(|column| {
                    row.iter()
                        .zip(&y)
                        .map(|(left, right)| left * right[column])
                        .sum()
                }))
            })
            .collect(),
    )
}

fn is_unit(x: &Value) -> bool {
    x.items().iter().enumerate().all(|(row, cells)| {
        crate::items::numbers(cells)
            .iter()
            .enumerate()
            .all(|(column, cell)| (cell - f64::from(u8::from(row == column))).abs() < 1e-6)
    })
}

#[test]
fn functions_of_lists_equal_their_definitions() {
    check(ROWS);
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}
