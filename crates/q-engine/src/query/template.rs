//! A query as compiled code holds it: trees, and the locals they mention.

use q_syntax::tree::{NamedNode, Node, NodeKind, Query, QueryKind};
use q_value::{QResult, Symbol, Value};

use super::plan::{By, Columns, Plan, Wanted};
use super::scope::Scope;
use crate::interpreter::Interpreter;
use crate::tree::from_node;

/// A query in code. Its table comes from the stack, above its limit when it has one.
pub(crate) struct QueryTemplate {
    kind: QueryKind,
    plan: Plan,
    pub(crate) has_limit: bool,
    /// Names in the trees that are locals of the surrounding lambda, with their slots.
    pub locals: Vec<(Symbol, u16)>,
    namespace: Symbol,
}

/// Builds the template of a query written in a lambda with these locals.
pub(crate) fn build(
    interpreter: &mut Interpreter,
    query: &Query,
    order: Option<(bool, &Node)>,
    namespace: Symbol,
    locals: &[Symbol],
) -> QResult<QueryTemplate> {
    let mut trees = |entries: &[NamedNode]| -> QResult<Columns> {
        entries
            .iter()
            .map(|entry| Ok((entry.name, from_node(interpreter, &entry.value, namespace)?)))
            .collect()
    };
    // `exec a,b by 0b from t` asks for a table
    let wants_table = matches!(
        query.by.as_deref(),
        Some([NamedNode { named: false, value, .. }])
            if matches!(value.kind, NodeKind::Constant(Value::Boolean(false)))
    );
    let is_exec = query.kind == QueryKind::Exec && !wants_table;
    let columns = trees(&query.columns)?;
    let wanted = match columns.len() {
        0 => Wanted::All,
        1 if is_exec && !query.columns[0].named => Wanted::Single(columns[0].1.clone()),
        _ => Wanted::Columns(columns),
    };
    let by = match &query.by {
        None if query.distinct => By::Distinct,
        None => By::None,
        Some(_) if wants_table => By::None,
        Some(by) => {
            let columns = trees(by)?;
            if is_exec && columns.len() == 1 && !by[0].named {
                By::Single(columns[0].1.clone())
            } else {
                By::Columns(columns)
            }
        }
    };
    let mut conditions = Vec::with_capacity(query.conditions.len());
    for condition in &query.conditions {
        conditions.push(from_node(interpreter, condition, namespace)?);
    }
    let order = match order {
        Some((ascending, column)) => Some((ascending, from_node(interpreter, column, namespace)?)),
        None => None,
    };
    let plan = Plan {
        is_exec,
        conditions,
        by,
        wanted,
        limit: None,
        order,
    };
    let mut mentioned = Vec::new();
    mention_plan(&plan, &mut mentioned);
    let locals = mentioned
        .into_iter()
        .filter_map(|name| {
            let at = locals.iter().position(|local| *local == name)?;
            Some((name, u16::try_from(at).ok()?))
        })
        .collect();
    Ok(QueryTemplate {
        kind: query.kind,
        plan,
        has_limit: query.limit.is_some(),
        locals,
        namespace,
    })
}

fn mention_plan(plan: &Plan, into: &mut Vec<Symbol>) {
    for condition in &plan.conditions {
        mention(condition, into);
    }
    match &plan.by {
        By::Columns(columns) => columns.iter().for_each(|(_, tree)| mention(tree, into)),
        By::Single(tree) => mention(tree, into),
        By::None | By::Distinct => (),
    }
    match &plan.wanted {
        Wanted::Columns(columns) => columns.iter().for_each(|(_, tree)| mention(tree, into)),
        Wanted::Single(tree) => mention(tree, into),
        Wanted::All => (),
    }
    if let Some((_, tree)) = &plan.order {
        mention(tree, into);
    }
}

/// Collects the variables of a tree.
fn mention(tree: &Value, into: &mut Vec<Symbol>) {
    let mut add = |name: Symbol| {
        if !into.contains(&name) {
            into.push(name);
        }
    };
    match tree {
        Value::Symbol(name) => add(*name),
        Value::Symbols(names) if names.len() > 1 => names.iter().copied().for_each(add),
        Value::List(items) if items.len() > 1 => {
            for item in items.iter() {
                mention(item, into);
            }
        }
        // a nested query keeps its own trees one level down
        Value::List(items) if items.len() == 1 => {
            if let Value::List(inner) = &items[0] {
                inner.iter().for_each(|item| mention(item, into));
            }
        }
        Value::Dict(dict) => {
            for item in dict.values.items() {
                mention(&item, into);
            }
        }
        _ => (),
    }
}

impl Interpreter {
    /// Runs a query of compiled code; its table (and limit) are on top of the stack, locals in the frame at `base`.
    pub(crate) fn run_query(&mut self, template: &QueryTemplate, base: usize) -> QResult<Value> {
        let table = self.pop();
        let mut plan = template.plan.clone();
        if template.has_limit {
            plan.limit = Some(self.pop());
        }
        let locals = template
            .locals
            .iter()
            .map(|(name, slot)| {
                let value = match &self.stack[base + usize::from(*slot)] {
                    Value::Elided => Value::empty_list(),
                    value => value.clone(),
                };
                (*name, value)
            })
            .collect();
        let depth = self.scopes.len();
        self.scopes
            .push(Scope::of_locals(locals, template.namespace));
        let result = match template.kind {
            QueryKind::Select | QueryKind::Exec => super::select::run(self, table, plan),
            QueryKind::Update => super::update::run(self, table, &plan),
            QueryKind::Delete => {
                let names = match &plan.wanted {
                    Wanted::Columns(columns) => columns
                        .iter()
                        .map(|(name, tree)| match tree {
                            Value::Symbol(name) => Ok(*name),
                            _ => Ok(*name),
                        })
                        .collect::<QResult<Vec<Symbol>>>()?,
                    _ => Vec::new(),
                };
                super::delete::run(self, table, &plan.conditions, &names)
            }
        };
        self.scopes.truncate(depth);
        result
    }
}
