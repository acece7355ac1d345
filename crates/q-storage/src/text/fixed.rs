//! Text with fields of fixed widths.

use q_kernels::text::lines;
use q_value::Value;
use q_value::format::settings;

use super::Fixed;
use super::columns::Column;

/// The columns of a text, one record per line; what a short line lacks is null.
pub(super) fn parse(format: &Fixed, text: &[u8]) -> Value {
    let order = settings::date_order();
    let mut columns: Vec<Column> = format
        .kinds
        .iter()
        .map(|kind| Column::new(*kind, order))
        .collect();
    for line in lines(text) {
        let mut rest = line;
        for (column, width) in columns.iter_mut().zip(&format.widths) {
            let (field, others) = rest.split_at((*width).min(rest.len()));
            column.push(field);
            rest = others;
        }
    }
    Value::list(columns.into_iter().filter_map(Column::finish).collect())
}
