//! The templates `select`, `exec`, `update` and `delete`.

use q_value::{Binary, Symbol};

use super::primary::{Form, Item};
use super::{Parser, Stops};
use crate::columns::{implied_name, make_unique};
use crate::error::{SyntaxError, SyntaxResult};
use crate::token::TokenKind;
use crate::tree::{NamedNode, Node, NodeKind, Query, QueryKind, QueryOrder, Span};

impl Parser<'_> {
    pub(super) fn query(&mut self, kind: QueryKind) -> SyntaxResult<Item> {
        self.enter(super::BRACKET_DEPTH)?;
        let word = self.advance();
        let outer = self.stops;
        let (mut limit, mut order) = (None, None);
        if self.is_open(b'[') {
            (limit, order) = self.limits()?;
        }
        self.stops = Stops {
            comma: true,
            phrase_words: true,
            where_word: false,
        };
        let mut distinct = false;
        if self.is_word("distinct") && kind == QueryKind::Select {
            self.advance();
            distinct = true;
        }
        let mut columns = self.phrase()?;
        let by = if self.is_word("by") {
            self.advance();
            Some(self.phrase()?)
        } else {
            None
        };
        if !self.is_word("from") {
            let token = self.token();
            return Err(SyntaxError::new(
                "from",
                token.start,
                format!(
                    "expected `from` in this {}, found {}",
                    word_of(kind),
                    token.describe(self.source)
                ),
            ));
        }
        self.advance();
        self.stops = Stops {
            comma: outer.comma,
            phrase_words: outer.phrase_words,
            where_word: true,
        };
        let from = self.expression()?;
        if from.is_elided() {
            let token = self.token();
            let found = token.describe(self.source);
            return Err(SyntaxError::new(
                "from",
                token.start,
                format!("expected a table after `from`, found {found}"),
            ));
        }
        let mut conditions = Vec::new();
        if self.is_word("where") {
            self.advance();
            self.stops = Stops {
                comma: true,
                phrase_words: outer.phrase_words,
                where_word: false,
            };
            conditions = self.conditions()?;
        }
        self.stops = outer;
        let mut by = by;
        make_unique(&mut [&mut columns]);
        if let Some(by) = &mut by {
            make_unique(&mut [by]);
        }
        let group_names: std::collections::HashSet<Symbol> =
            by.iter().flatten().map(|group| group.name).collect();
        if kind == QueryKind::Select
            && let Some(both) = columns
                .iter()
                .find(|column| group_names.contains(&column.name))
        {
            return Err(SyntaxError::new(
                format!("dup names for cols/groups {}", both.name.text()),
                word.start,
                format!("`{}` names both a column and a group", both.name.text()),
            ));
        }
        let end = self.tokens[self.at.saturating_sub(1)].end;
        self.leave(super::BRACKET_DEPTH);
        let query = Query {
            kind,
            distinct,
            limit,
            order,
            columns,
            by,
            from,
            conditions,
        };
        let node = Node::new(NodeKind::Query(Box::new(query)), Span::new(word.start, end));
        Ok(Item::Noun(node, Form::Plain))
    }

    /// `[n]`, `[>c]`, `[n;>c]`.
    #[expect(
        clippy::type_complexity,
        reason = "the two parts are named where they are bound"
    )]
    fn limits(&mut self) -> SyntaxResult<(Option<Node>, Option<(QueryOrder, Node)>)> {
        let (mut limit, mut order) = (None, None);
        let stops = self.open_bracket()?;
        loop {
            let direction = match self.token().kind {
                TokenKind::Operator(Binary::Less) => Some(QueryOrder::Ascending),
                TokenKind::Operator(Binary::Greater) => Some(QueryOrder::Descending),
                _ => None,
            };
            if direction.is_some() {
                self.advance();
            }
            let node = self.expression()?;
            if node.is_elided() && direction.is_some() {
                let message = "expected a column after `<` or `>`";
                return Err(SyntaxError::parse(self.token().start, message));
            }
            match direction {
                Some(direction) => order = Some((direction, node)),
                None if !node.is_elided() => limit = Some(node),
                None => {}
            }
            if !self.is_semicolon() {
                break;
            }
            self.advance();
        }
        self.close(stops)?;
        Ok((limit, order))
    }

    /// Columns between commas, up to `by` or `from`.
    fn phrase(&mut self) -> SyntaxResult<Vec<NamedNode>> {
        let mut columns = Vec::new();
        if self.at_stop() && !self.at_comma() {
            return Ok(columns);
        }
        loop {
            let column = self.query_column()?;
            if column.value.is_elided() {
                let token = self.token();
                let found = token.describe(self.source);
                let message = format!("expected a column, found {found}");
                return Err(SyntaxError::parse(token.start, message));
            }
            columns.push(column);
            if !self.at_comma() {
                return Ok(columns);
            }
            self.advance();
        }
    }

    fn query_column(&mut self) -> SyntaxResult<NamedNode> {
        let mut name: Option<Symbol> = None;
        if let (TokenKind::Name(word), TokenKind::Colon) =
            (&self.token().kind, &self.token_after(1).kind)
        {
            name = Some(*word);
            self.advance();
            self.advance();
        }
        let value = self.expression()?;
        Ok(NamedNode {
            name: name.unwrap_or_else(|| implied_name(&value)),
            named: name.is_some(),
            colon: value.span.start,
            value,
        })
    }

    fn conditions(&mut self) -> SyntaxResult<Vec<Node>> {
        let mut conditions = Vec::new();
        loop {
            let condition = self.expression()?;
            if condition.is_elided() {
                let token = self.token();
                let found = token.describe(self.source);
                let message = format!("expected a condition after `where`, found {found}");
                return Err(SyntaxError::parse(token.start, message));
            }
            conditions.push(condition);
            if !self.at_comma() {
                return Ok(conditions);
            }
            self.advance();
        }
    }

    fn at_comma(&self) -> bool {
        self.stops.comma && matches!(self.token().kind, TokenKind::Operator(Binary::Join))
    }
}

fn word_of(kind: QueryKind) -> &'static str {
    match kind {
        QueryKind::Select => "select",
        QueryKind::Exec => "exec",
        QueryKind::Update => "update",
        QueryKind::Delete => "delete",
    }
}
