//! Trees as q values, in the form `parse` shows: a list of a function and its arguments, names as symbols, constant
//! symbols enlisted, queries in functional form.

use std::sync::Arc;

use q_value::{Binary, Iterator, QResult, Symbol, Unary, Value, Vector};

use crate::tree::{
    LambdaTree, NamedNode, Node, NodeKind, Pattern, Program, Query, QueryKind, QueryOrder, Target,
};

/// What only the evaluator can make.
pub trait ParseTreeValues {
    /// The value of a keyword; `None` for every other name.
    fn keyword(&self, name: Symbol) -> Option<Value>;

    /// The lambda as a value.
    ///
    /// # Errors
    /// Those of compiling it.
    fn lambda(&self, tree: &Arc<LambdaTree>) -> QResult<Value>;
}

/// The parse tree of a text: that of its statement, or `(";";..)` of several.
///
/// # Errors
/// Those of compiling the lambdas in it.
pub fn program_tree(program: &Program, values: &dyn ParseTreeValues) -> QResult<Value> {
    match &program.statements[..] {
        [only] => node_tree(only, values),
        statements => {
            let mut items = vec![Value::Char(b';')];
            for statement in statements {
                items.push(node_tree(statement, values)?);
            }
            Ok(Value::from_items(items))
        }
    }
}

/// The parse tree of one node.
///
/// # Errors
/// Those of compiling the lambdas in it.
pub fn node_tree(node: &Node, values: &dyn ParseTreeValues) -> QResult<Value> {
    Builder { values }.node(node)
}

struct Builder<'a> {
    values: &'a dyn ParseTreeValues,
}

impl Builder<'_> {
    fn nodes(&self, head: Value, nodes: &[Node]) -> QResult<Value> {
        let mut items = Vec::with_capacity(nodes.len() + 1);
        items.push(head);
        for node in nodes {
            items.push(match node.kind {
                NodeKind::Elided => Value::Elided,
                _ => self.node(node)?,
            });
        }
        Ok(Value::from_items(items))
    }

    fn enlist(&self) -> Value {
        self.values
            .keyword(Symbol::new("enlist"))
            .unwrap_or(Value::Unary(Unary::Enlist))
    }

    fn list(&self, nodes: &[Node]) -> QResult<Value> {
        self.nodes(self.enlist(), nodes)
    }

    fn node(&self, node: &Node) -> QResult<Value> {
        Ok(match &node.kind {
            NodeKind::Constant(value) => constant(value),
            NodeKind::Name(name) => match self.values.keyword(*name) {
                Some(value) => value,
                None => Value::Symbol(*name),
            },
            NodeKind::Operator(operator) => Value::Binary(*operator),
            NodeKind::UnaryOperator(operator) => Value::Unary(*operator),
            NodeKind::Iterator(iterator) => Value::Iterator(*iterator),
            NodeKind::Identity | NodeKind::Elided => Value::Identity,
            NodeKind::Derived { iterator, function } => {
                let function = self.node(function)?;
                Value::from_items(vec![Value::Iterator(*iterator), function])
            }
            NodeKind::Apply {
                function,
                arguments,
            } if arguments.is_empty() => {
                let function = self.node(function)?;
                Value::from_items(vec![function, Value::Identity])
            }
            NodeKind::Apply {
                function,
                arguments,
            } => {
                let function = self.node(function)?;
                self.nodes(function, arguments)?
            }
            NodeKind::Compose(outer, inner) => Value::from_items(vec![
                Value::Iterator(Iterator::Each),
                self.node(outer)?,
                self.node(inner)?,
            ]),
            NodeKind::List(items) => self.list(items)?,
            NodeKind::Assign {
                target,
                through,
                global,
                value,
            } => {
                let verb = match through {
                    Some(operator) => through_verb(*operator),
                    None if *global => Value::Identity,
                    None => Value::Binary(Binary::Assign),
                };
                let target = match target {
                    Target::Name(name) => Value::Symbol(*name),
                    Target::Indexed { name, indices } => {
                        self.nodes(Value::Symbol(*name), indices)?
                    }
                    Target::Pattern(pattern) => self.pattern(pattern)?,
                };
                Value::from_items(vec![verb, target, self.node(value)?])
            }
            NodeKind::Conditional(parts) => self.nodes(Value::Binary(Binary::Cast), parts)?,
            NodeKind::PatternConditional {
                value,
                cases,
                otherwise,
            } => {
                let mut items = vec![Value::Binary(Binary::Assign), self.node(value)?];
                for (pattern, result) in cases {
                    items.push(self.pattern(pattern)?);
                    items.push(self.node(result)?);
                }
                if let Some(otherwise) = otherwise {
                    items.push(self.node(otherwise)?);
                }
                Value::from_items(items)
            }
            NodeKind::If(parts) => self.nodes(Value::symbol("if"), parts)?,
            NodeKind::Do(parts) => self.nodes(Value::symbol("do"), parts)?,
            NodeKind::While(parts) => self.nodes(Value::symbol("while"), parts)?,
            NodeKind::Sequence(parts) => self.nodes(Value::Char(b';'), parts)?,
            NodeKind::Lambda(tree) => self.values.lambda(tree)?,
            NodeKind::Return(value) => {
                Value::from_items(vec![Value::Binary(Binary::Assign), self.node(value)?])
            }
            NodeKind::Signal(value) => {
                Value::from_items(vec![Value::Iterator(Iterator::Each), self.node(value)?])
            }
            NodeKind::TableLiteral { keys, columns } => {
                let columns = self.table(columns)?;
                if keys.is_empty() {
                    return Ok(columns);
                }
                let keys = self.table(keys)?;
                Value::from_items(vec![Value::Binary(Binary::Bang), keys, columns])
            }
            NodeKind::DictLiteral(entries) => self.dictionary(entries)?,
            NodeKind::Query(query) => self.query(query)?,
        })
    }

    /// `(+:;(!;,names;(enlist;..)))`
    fn table(&self, columns: &[NamedNode]) -> QResult<Value> {
        Ok(Value::from_items(vec![
            Value::Unary(Unary::Flip),
            self.dictionary(columns)?,
        ]))
    }

    fn dictionary(&self, entries: &[NamedNode]) -> QResult<Value> {
        let mut values = vec![self.enlist()];
        for entry in entries {
            values.push(match entry.value.kind {
                NodeKind::Elided => Value::Elided,
                _ => self.node(&entry.value)?,
            });
        }
        Ok(Value::from_items(vec![
            Value::Binary(Binary::Bang),
            quoted(names_of(entries)),
            Value::from_items(values),
        ]))
    }

    fn pattern(&self, pattern: &Pattern) -> QResult<Value> {
        let entries = |entries: &[(Symbol, Pattern)]| -> QResult<Value> {
            let mut values = vec![self.enlist()];
            for (_, pattern) in entries {
                values.push(self.pattern(pattern)?);
            }
            let names = entries.iter().map(|(name, _)| *name).collect();
            Ok(Value::from_items(vec![
                Value::Binary(Binary::Bang),
                quoted(Value::Symbols(names)),
                Value::from_items(values),
            ]))
        };
        Ok(match pattern {
            Pattern::Any => Value::Elided,
            Pattern::Name(name) => Value::Symbol(*name),
            Pattern::Filtered {
                pattern, filter, ..
            } => Value::from_items(vec![
                Value::Binary(Binary::Assign),
                self.pattern(pattern)?,
                self.node(filter)?,
            ]),
            Pattern::Indexed { name, indices } => self.nodes(Value::Symbol(*name), indices)?,
            Pattern::Constant(node) => self.node(node)?,
            Pattern::List(items, _) => {
                let mut values = vec![self.enlist()];
                for (item, _) in items {
                    values.push(self.pattern(item)?);
                }
                Value::from_items(values)
            }
            Pattern::Dict(items, _) => entries(items)?,
            Pattern::Table { keys, columns } => {
                let flip = |dict| Value::from_items(vec![Value::Unary(Unary::Flip), dict]);
                let columns = flip(entries(columns)?);
                if keys.is_empty() {
                    columns
                } else {
                    let keys = flip(entries(keys)?);
                    Value::from_items(vec![Value::Binary(Binary::Bang), keys, columns])
                }
            }
            Pattern::Bang(keys, values) => Value::from_items(vec![
                Value::Binary(Binary::Bang),
                self.pattern(keys)?,
                self.pattern(values)?,
            ]),
            Pattern::Flip(columns) => {
                Value::from_items(vec![Value::Unary(Unary::Flip), self.pattern(columns)?])
            }
        })
    }

    /// `?[t;c;b;a]`, with limit and order as fifth and sixth; `![t;c;b;a]` for update and delete.
    fn query(&self, query: &Query) -> QResult<Value> {
        let verb = match query.kind {
            QueryKind::Select | QueryKind::Exec => Binary::Query,
            QueryKind::Update | QueryKind::Delete => Binary::Bang,
        };
        let conditions = if query.conditions.is_empty() {
            Value::empty_list()
        } else {
            let trees: QResult<Vec<Value>> = query
                .conditions
                .iter()
                .map(|node| self.node(node))
                .collect();
            quoted(Value::list(trees?))
        };
        let mut items = vec![
            Value::Binary(verb),
            self.node(&query.from)?,
            conditions,
            self.groups(query)?,
            self.columns(query)?,
        ];
        if query.limit.is_some() || query.order.is_some() {
            items.push(match &query.limit {
                Some(limit) => self.node(limit)?,
                None => Value::Long(i64::MAX),
            });
        }
        if let Some((order, column)) = &query.order {
            let order = match order {
                QueryOrder::Ascending => Unary::Iasc,
                QueryOrder::Descending => Unary::Idesc,
            };
            let column = self.node(column)?;
            items.push(quoted(Value::list(vec![Value::Unary(order), column])));
        }
        Ok(Value::list(items))
    }

    fn groups(&self, query: &Query) -> QResult<Value> {
        match (&query.by, query.kind) {
            (None, QueryKind::Exec) => Ok(Value::empty_list()),
            (None, _) => Ok(Value::Boolean(query.distinct)),
            (Some(by), QueryKind::Exec) => match &by[..] {
                [only] if !only.named => Ok(quoted(self.node(&only.value)?)),
                by => self.tree_dictionary(by),
            },
            (Some(by), _) => self.tree_dictionary(by),
        }
    }

    fn columns(&self, query: &Query) -> QResult<Value> {
        match (query.kind, &query.columns[..]) {
            (QueryKind::Delete, []) => Ok(Value::Symbols(Vector::default())),
            (QueryKind::Delete, columns) => Ok(quoted(names_of(columns))),
            (_, []) => Ok(Value::empty_list()),
            (QueryKind::Exec, [only]) if !only.named => Ok(quoted(self.node(&only.value)?)),
            (_, columns) => self.tree_dictionary(columns),
        }
    }

    /// Names to trees, as a dictionary that evaluates to itself.
    fn tree_dictionary(&self, entries: &[NamedNode]) -> QResult<Value> {
        let trees: QResult<Vec<Value>> = entries
            .iter()
            .map(|entry| self.node(&entry.value))
            .collect();
        Ok(Value::dict(names_of(entries), Value::from_items(trees?)))
    }
}

fn names_of(entries: &[NamedNode]) -> Value {
    Value::Symbols(entries.iter().map(|entry| entry.name).collect())
}

/// What evaluates to `value`: a list of it alone.
fn quoted(value: Value) -> Value {
    match value {
        Value::Symbol(symbol) => Value::Symbols(Vector::new(vec![symbol])),
        value => Value::list(vec![value]),
    }
}

fn constant(value: &Value) -> Value {
    match value {
        Value::Symbol(_) | Value::Symbols(_) => quoted(value.clone()),
        value => value.clone(),
    }
}

/// The verb of `a+:1`, which shows as the unary form of its glyph.
fn through_verb(operator: Binary) -> Value {
    match crate::parser::unary_of(operator) {
        Some(unary) => Value::Unary(unary),
        None => Value::Binary(operator),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    struct Keywords;

    impl ParseTreeValues for Keywords {
        fn keyword(&self, name: Symbol) -> Option<Value> {
            let unary = Unary::ALL
                .iter()
                .find(|unary| unary.keyword().as_bytes() == name.as_bytes());
            let binary = Binary::ALL
                .iter()
                .find(|binary| binary.keyword().as_bytes() == name.as_bytes());
            unary
                .map(|unary| Value::Unary(*unary))
                .or(binary.map(|binary| Value::Binary(*binary)))
        }
        fn lambda(&self, tree: &Arc<LambdaTree>) -> QResult<Value> {
            Ok(Value::string(tree.source.as_bytes()))
        }
    }

    /// The tree in the k form, as far as these tests need it.
    fn shown(value: &Value) -> String {
        match value {
            Value::Symbol(x) => format!("`{}", x.text()),
            Value::Symbols(v) if v.len() == 1 => format!(",`{}", v[0].text()),
            Value::Symbols(v) if v.is_empty() => "`$()".to_owned(),
            Value::Symbols(v) => v.iter().map(|x| format!("`{}", x.text())).collect(),
            Value::Long(x) => x.to_string(),
            Value::Longs(v) if v.len() == 1 => format!(",{}", v[0]),
            Value::Longs(v) => {
                let parts: Vec<String> = v.iter().map(i64::to_string).collect();
                parts.join(" ")
            }
            Value::Boolean(x) => format!("{}b", u8::from(*x)),
            Value::Char(x) => format!("{:?}", char::from(*x).to_string()),
            Value::Chars(v) => format!("{:?}", String::from_utf8_lossy(v)),
            Value::Unary(x) => x.text().to_owned(),
            Value::Binary(x) => x.text().to_owned(),
            Value::Iterator(x) => x.text().to_owned(),
            Value::Identity => "::".to_owned(),
            Value::Elided => String::new(),
            Value::List(v) if v.len() == 1 => format!(",{}", shown(&v[0])),
            Value::List(v) => {
                let parts: Vec<String> = v.iter().map(shown).collect();
                format!("({})", parts.join(";"))
            }
            Value::Dict(d) => match shown(&d.keys) {
                keys if keys.starts_with(',') => format!("({keys})!{}", shown(&d.values)),
                keys => format!("{keys}!{}", shown(&d.values)),
            },
            other => format!("{other:?}"),
        }
    }

    #[track_caller]
    fn same(text: &str, expected: &str) {
        let program = parse(text.as_bytes(), false).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let tree = program_tree(&program, &Keywords).expect("no lambda fails here");
        assert_eq!(shown(&tree), expected, "{text}");
    }

    #[test]
    fn expressions_of_the_reference() {
        same("1 2 3 + 5", "(+;1 2 3;5)");
        same("2+4*7", "(+;2;(*;4;7))");
        same("1 2 3 +/: 5 7", "((/:;+);1 2 3;5 7)");
        same("1 2 3 +neg 5 7", "(+;1 2 3;(-:;5 7))");
        same("type 6", "(@:;6)");
        same("`a`b`c,`d,v", "(,;,`a`b`c;(,;,`d;`v))");
        same("6(+)4", "(6;(+:;4))");
        same("+/[1 2 3 4]", "((/;+);1 2 3 4)");
        same("a;b", "(\";\";`a;`b)");
        same("a;", "(\";\";`a;::)");
        same("f[;1]", "(`f;;1)");
        same("f[]", "(`f;::)");
        same("f x", "`f`x");
        same("(a;1)", "(enlist;`a;1)");
        same("a:1", "(:;`a;1)");
        same("a::1", "(::;`a;1)");
        same("a[1]+:2", "(+:;(`a;1);2)");
        same("$[a;b;c]", "($;`a;`b;`c)");
        same("([]a:1 2;b)", "(+:;(!;,`a`b;(enlist;1 2;`b)))");
        same(
            "([a:1 2]b:c)",
            "(!;(+:;(!;,,`a;(enlist;1 2)));(+:;(!;,,`b;(enlist;`c))))",
        );
    }

    #[test]
    fn queries_of_the_reference() {
        same(
            "select part:p,qty by sup:s from sp where qty>200,p=`p1",
            "(?;`sp;,((>;`qty;200);(=;`p;,`p1));(,`sup)!,`s;`part`qty!`p`qty)",
        );
        same(
            "select c2:2*c2 from t where c1=`c",
            "(?;`t;,,(=;`c1;,`c);0b;(,`c2)!,(*;2;`c2))",
        );
        same(
            "select from trade where sym like \"F*\",not sym=`FD",
            "(?;`trade;,((like;`sym;\"F*\");(~:;(=;`sym;,`FD)));0b;())",
        );
        same("select count i from t", "(?;`t;();0b;(,`x)!,(#:;`i))");
        same(
            "select[10;<price] from trade",
            "(?;`trade;();0b;();10;,(<:;`price))",
        );
        same("select distinct a from t", "(?;`t;();1b;(,`a)!,`a)");
        same("exec a by b from t", "(?;`t;();,`b;,`a)");
        same("exec a,b from t", "(?;`t;();();`a`b!`a`b)");
        same("update a:1 from `t", "(!;,`t;();0b;(,`a)!,1)");
        same("delete a,b from t", "(!;`t;();0b;,`a`b)");
        same("delete from t where a", "(!;`t;,,`a;0b;`$())");
    }
}
