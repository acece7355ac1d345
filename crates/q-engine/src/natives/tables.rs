//! Keywords on tables that take names of variables, or need variables: key, cols, meta, xasc, upsert, tables ...

use q_value::{Attribute, QError, QResult, Symbol, Type, Value};

use crate::globals::{qualify, split_name};
use crate::interpreter::Interpreter;
use crate::kernel;
use crate::primitives::Row;

pub(crate) static TABLE: &[Row] = &[
    Row::two("upsert", upsert),
    Row::one("cols", cols),
    Row::one("keys", keys),
    Row::one("meta", meta),
    Row::one("fkeys", fkeys),
    Row::two("xasc", xasc),
    Row::two("xdesc", xdesc),
    Row::two("xkey", xkey),
    Row::two("xcol", xcol),
    Row::two("xcols", xcols),
    Row::two("xgroup", xgroup),
    Row::two("lj", |interpreter, x, y| left_join(interpreter, "lj", x, y)),
    Row::two("ljf", |interpreter, x, y| {
        left_join(interpreter, "ljf", x, y)
    }),
    Row::two("ij", |interpreter, x, y| left_join(interpreter, "ij", x, y)),
    Row::two("ijf", |interpreter, x, y| {
        left_join(interpreter, "ijf", x, y)
    }),
    Row::two("pj", |interpreter, x, y| left_join(interpreter, "pj", x, y)),
    Row::three("aj", |interpreter, x, y, z| {
        asof_join(interpreter, "aj", x, y, z)
    }),
    Row::three("aj0", |interpreter, x, y, z| {
        asof_join(interpreter, "aj0", x, y, z)
    }),
    Row::three("ajf", |interpreter, x, y, z| {
        asof_join(interpreter, "ajf", x, y, z)
    }),
    Row::three("ajf0", |interpreter, x, y, z| {
        asof_join(interpreter, "ajf0", x, y, z)
    }),
    Row::many("tables", tables),
];

fn upsert(interpreter: &mut Interpreter, x: Value, y: Value) -> QResult<Value> {
    crate::upsert::upsert(interpreter, x, y)
}

/// The value of a name or path; other values as they are.
fn named(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    crate::query::select::source(interpreter, x)
}

/// `key x`: of a dictionary its keys, of a name what stands there, of an enumeration its domain, of a vector its type.
pub(crate) fn key(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    match &x {
        Value::Dict(dict) => Ok(dict.keys.clone()),
        Value::Symbol(name) => key_of_name(interpreter, *name),
        Value::Enum(_) | Value::Enums(_) => match super::evaluate::domain_name(&x) {
            Some(name) => Ok(Value::Symbol(name)),
            None => Err(QError::type_error()),
        },
        Value::Long(_) | Value::Int(_) | Value::Short(_) if x.as_i64().is_some_and(|x| x >= 0) => {
            kernel::one("til", x)
        }
        Value::List(_) => Err(QError::type_error()),
        Value::Table(_) => Err(QError::type_error()),
        Value::Partitioned(_) => Err(QError::type_error()),
        x => match x.basic_type() {
            Some(ty) if x.is_list() => Ok(Value::symbol(ty.name())),
            _ => Err(QError::type_error()),
        },
    }
}

fn key_of_name(interpreter: &mut Interpreter, name: Symbol) -> QResult<Value> {
    let text = name.as_bytes();
    if text.starts_with(b":") {
        return crate::files::key(interpreter, name);
    }
    if text.is_empty() {
        let names = interpreter.globals.namespaces();
        return Ok(Interpreter::symbols(names));
    }
    if text == b"." {
        let names = interpreter
            .globals
            .members(Symbol::NULL)
            .into_iter()
            .map(|id| interpreter.globals.name(id))
            .filter(|name| !name.as_bytes().starts_with(b"."))
            .collect();
        return Ok(Interpreter::symbols(names));
    }
    let full = qualify(interpreter.namespace, name);
    if interpreter.globals.is_namespace(full) {
        let mut names = vec![Symbol::NULL];
        names.extend(
            interpreter
                .globals
                .members(full)
                .into_iter()
                .map(|id| split_name(interpreter.globals.name(id)).1),
        );
        return Ok(Interpreter::symbols(names));
    }
    match interpreter.read_name(full) {
        Ok(Value::Dict(dict)) => Ok(dict.keys.clone()),
        Ok(_) => Ok(Value::Symbol(name)),
        Err(_) => Ok(Value::empty_list()),
    }
}

fn cols(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let table = named(interpreter, x)?;
    if let Value::Partitioned(table) = &table {
        return Ok(Value::Symbols(table.names.clone()));
    }
    kernel::one("cols", table)
}

fn keys(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let table = named(interpreter, x)?;
    kernel::one("keys", table)
}

/// `meta t`: type letter, foreign key and attribute of each column.
fn meta(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let table = named(interpreter, x)?;
    let table = match table {
        Value::Partitioned(_) => crate::database::schema(interpreter, &table)?,
        table => table,
    };
    let flat = crate::query::select::flatten(&table)?;
    let names = flat.table.names.clone();
    let letters = flat.table.columns.iter().map(type_letter).collect();
    let foreign = flat
        .table
        .columns
        .iter()
        .map(|column| foreign_table(column).unwrap_or(Symbol::NULL))
        .collect();
    let attributes = flat
        .table
        .columns
        .iter()
        .map(|column| Symbol::new(column.attribute().name()))
        .collect();
    Ok(Value::dict(
        Value::table(
            vec![Symbol::new("c")].into(),
            vec![Value::Symbols(names.with_attribute(Attribute::None))],
        ),
        Value::table(
            vec![Symbol::new("t"), Symbol::new("f"), Symbol::new("a")].into(),
            vec![
                Value::Chars(letters),
                Value::Symbols(foreign),
                Value::Symbols(attributes),
            ],
        ),
    ))
}

/// Lower case for a vector, upper case for a list of vectors, blank for the rest (`ref/meta`).
pub(crate) fn type_letter(column: &Value) -> u8 {
    match column {
        Value::List(items) => match items.first() {
            // as q does, the first item speaks for all
            Some(first) if first.is_vector() => first
                .basic_type()
                .map_or(b' ', |ty| ty.letter().to_ascii_uppercase()),
            _ => b' ',
        },
        Value::Enums(vector) => match q_value::domain::lookup(vector.domain) {
            Some(domain) if domain.is_keyed_table() => {
                match crate::append::domain_list(&domain).basic_type() {
                    Some(ty) => ty.letter(),
                    None => Type::Symbol.letter(),
                }
            }
            Some(Value::Table(_) | Value::Partitioned(_)) => Type::Long.letter(),
            _ => Type::Symbol.letter(),
        },
        column => column.basic_type().map_or(b' ', Type::letter),
    }
}

/// The table an enumerated column refers to.
fn foreign_table(column: &Value) -> Option<Symbol> {
    match column {
        Value::Enums(vector) => {
            let domain = q_value::domain::lookup(vector.domain)?;
            (domain.is_keyed_table() || matches!(domain, Value::Table(_) | Value::Partitioned(_)))
                .then_some(vector.domain)
        }
        _ => None,
    }
}

/// `fkeys t`: foreign key columns with the tables they refer to.
fn fkeys(interpreter: &mut Interpreter, x: Value) -> QResult<Value> {
    let table = named(interpreter, x)?;
    let flat = crate::query::select::flatten(&table)?;
    let (mut columns, mut targets) = (Vec::new(), Vec::new());
    for (name, column) in flat.table.names.iter().zip(&flat.table.columns) {
        if let Some(target) = foreign_table(column) {
            columns.push(*name);
            targets.push(target);
        }
    }
    Ok(Value::dict(
        Interpreter::symbols(columns),
        Interpreter::symbols(targets),
    ))
}

/// Changes a table; of a name the variable is changed and the name returned.
pub(crate) fn changed(
    interpreter: &mut Interpreter,
    table: Value,
    change: impl FnOnce(&mut Interpreter, Value) -> QResult<Value>,
) -> QResult<Value> {
    let Value::Symbol(name) = table else {
        return change(interpreter, table);
    };
    let full = qualify(interpreter.namespace, name);
    let value = interpreter.read_name(full)?;
    let changed = change(interpreter, value)?;
    interpreter.write_name(full, changed)?;
    Ok(Value::Symbol(name))
}

/// Runs a kernel on a table as [`changed`] does, of a path on the files.
fn in_place(
    interpreter: &mut Interpreter,
    word: &'static str,
    x: Value,
    table: Value,
) -> QResult<Value> {
    match table {
        Value::Symbol(name) if name.as_bytes().starts_with(b":") => {
            crate::files::sort(interpreter, word, x, name)
        }
        table => changed(interpreter, table, |_, table| kernel::two(word, x, table)),
    }
}

/// `x lj y` and its like: of a name on the left the table is updated in place (`ref/lj`, since 4.1).
fn left_join(
    interpreter: &mut Interpreter,
    word: &'static str,
    x: Value,
    y: Value,
) -> QResult<Value> {
    changed(interpreter, x, |_, x| kernel::two(word, x, y))
}

/// `aj[x;y;z]` and its like: of the name of a table `y` is updated in place (`ref/aj`, since 4.1).
fn asof_join(
    interpreter: &mut Interpreter,
    word: &'static str,
    x: Value,
    y: Value,
    z: Value,
) -> QResult<Value> {
    changed(interpreter, y, |_, y| kernel::three(word, x, y, z))
}

fn xasc(interpreter: &mut Interpreter, x: Value, t: Value) -> QResult<Value> {
    in_place(interpreter, "xasc", x, t)
}

fn xdesc(interpreter: &mut Interpreter, x: Value, t: Value) -> QResult<Value> {
    in_place(interpreter, "xdesc", x, t)
}

fn xkey(interpreter: &mut Interpreter, x: Value, t: Value) -> QResult<Value> {
    in_place(interpreter, "xkey", x, t)
}

fn xcol(interpreter: &mut Interpreter, x: Value, t: Value) -> QResult<Value> {
    let table = named(interpreter, t)?;
    kernel::two("xcol", x, table)
}

fn xcols(interpreter: &mut Interpreter, x: Value, t: Value) -> QResult<Value> {
    let table = named(interpreter, t)?;
    kernel::two("xcols", x, table)
}

fn xgroup(interpreter: &mut Interpreter, x: Value, t: Value) -> QResult<Value> {
    let table = named(interpreter, t)?;
    kernel::two("xgroup", x, table)
}

/// `tables[]`, `` tables`.ns ``: names of the tables of a namespace, sorted.
fn tables(interpreter: &mut Interpreter, arguments: Vec<Value>) -> QResult<Value> {
    let space = match arguments.first() {
        Some(Value::Symbol(space)) if space.as_bytes() == b"." || space.is_null() => Symbol::NULL,
        Some(Value::Symbol(space)) => qualify(Symbol::NULL, *space),
        _ => match interpreter.namespace {
            current if current.is_null() => Symbol::NULL,
            current => Symbol::new([b".", current.as_bytes()].concat()),
        },
    };
    let mut names: Vec<Symbol> = interpreter
        .globals
        .members(space)
        .into_iter()
        .filter(|id| {
            interpreter.globals.get(*id).is_some_and(|value| {
                matches!(value, Value::Table(_) | Value::Partitioned(_)) || value.is_keyed_table()
            })
        })
        .map(|id| split_name(interpreter.globals.name(id)).1)
        .collect();
    names.sort();
    Ok(Value::Symbols(names.into()))
}
