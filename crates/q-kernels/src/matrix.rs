//! Matrices of floats: `mmu inv lsq`. A matrix is a list of float vectors of one count.

use q_value::{QError, QResult, Value, Vector};

use crate::{Keyword, fold, parallel};

pub(crate) static TABLE: &[Keyword] = &[
    Keyword::two("mmu", mmu),
    Keyword::one("inv", inv),
    Keyword::two("lsq", lsq),
];

/// Rows one after the other.
struct Matrix {
    rows: usize,
    columns: usize,
    items: Vec<f64>,
}

impl Matrix {
    /// Errors: `'type` unless a list of float vectors, `'length` when their counts differ.
    fn of(value: &Value) -> QResult<Matrix> {
        let Value::List(list) = value else {
            return Err(QError::type_error());
        };
        let mut items = Vec::new();
        let mut columns = None;
        for row in list.iter() {
            let Value::Floats(row) = row else {
                return Err(QError::type_error());
            };
            if *columns.get_or_insert(row.len()) != row.len() {
                return Err(QError::length());
            }
            items.extend_from_slice(row);
        }
        Ok(Matrix {
            rows: list.len(),
            columns: columns.unwrap_or(0),
            items,
        })
    }

    fn row(&self, at: usize) -> &[f64] {
        &self.items[at * self.columns..(at + 1) * self.columns]
    }

    fn into_value(self) -> Value {
        Value::list(
            (0..self.rows)
                .map(|row| Value::Floats(Vector::new(self.row(row).to_vec())))
                .collect(),
        )
    }

    fn transposed(&self) -> Matrix {
        let mut items = vec![0.0; self.items.len()];
        for row in 0..self.rows {
            for column in 0..self.columns {
                items[column * self.rows + row] = self.items[row * self.columns + column];
            }
        }
        Matrix {
            rows: self.columns,
            columns: self.rows,
            items,
        }
    }

    fn times(&self, other: &Matrix) -> QResult<Matrix> {
        if self.columns != other.rows {
            return Err(QError::length());
        }
        let width = other.columns;
        let work = self.columns * width;
        let per_thread = (parallel::ITEMS_PER_THREAD_MIN / work.max(1)).max(1);
        let parts = parallel::over(self.rows, per_thread, |range| {
            let mut items = vec![0.0; range.len() * width];
            for (row, out) in range.zip(items.chunks_mut(width.max(1))) {
                // row by row of the right side: its rows are read in order
                for (factor, other) in self.row(row).iter().zip(other.items.chunks(width.max(1))) {
                    add_multiple(out, *factor, other);
                }
            }
            items
        });
        Ok(Matrix {
            rows: self.rows,
            columns: width,
            items: parts.into_iter().flatten().collect(),
        })
    }

    fn swap_rows(&mut self, a: usize, b: usize) {
        for column in 0..self.columns {
            self.items
                .swap(a * self.columns + column, b * self.columns + column);
        }
    }

    /// The row at or below the diagonal with the greatest item in a column, and that item; `None` when there is none to
    /// divide by.
    fn pivot(&self, at: usize) -> Option<(usize, f64)> {
        let item = |row: usize| self.items[row * self.columns + at];
        let best = (at..self.rows).max_by(|a, b| item(*a).abs().total_cmp(&item(*b).abs()))?;
        let head = item(best);
        (head != 0.0 && head.is_finite()).then_some((best, head))
    }

    /// The solution `s` of `self s = right` by elimination with row exchange; `None` when singular.
    fn solve(mut self, mut right: Matrix) -> Option<Matrix> {
        let count = self.rows;
        for pivot in 0..count {
            let (best, head) = self.pivot(pivot)?;
            self.swap_rows(pivot, best);
            right.swap_rows(pivot, best);
            let (pivot_row, right_row) = (self.row(pivot).to_vec(), right.row(pivot).to_vec());
            for row in (0..count).filter(|row| *row != pivot) {
                let factor = self.items[row * count + pivot] / head;
                if factor != 0.0 {
                    let start = row * count;
                    // columns before the pivot's are eliminated already
                    add_multiple(
                        &mut self.items[start + pivot..start + count],
                        -factor,
                        &pivot_row[pivot..],
                    );
                    let start = row * right.columns;
                    let right_items = &mut right.items[start..start + right.columns];
                    add_multiple(right_items, -factor, &right_row);
                }
            }
        }
        for row in 0..count {
            let head = self.items[row * count + row];
            for item in &mut right.items[row * right.columns..(row + 1) * right.columns] {
                *item /= head;
            }
        }
        Some(right)
    }

    /// The inverse, by elimination as in [`Matrix::solve`] with the unit matrix at the right, whose columns are kept where
    /// those of the matrix have been eliminated; `None` when singular.
    fn inverse(mut self) -> Option<Matrix> {
        let count = self.rows;
        let mut order: Vec<usize> = (0..count).collect();
        let mut heads = Vec::with_capacity(count);
        for pivot in 0..count {
            let (best, head) = self.pivot(pivot)?;
            self.swap_rows(pivot, best);
            order.swap(pivot, best);
            heads.push(head);
            self.items[pivot * count + pivot] = 1.0;
            let pivot_row = self.row(pivot).to_vec();
            for (row, items) in self.items.chunks_mut(count).enumerate() {
                if row == pivot {
                    continue;
                }
                let factor = items[pivot] / head;
                items[pivot] = 0.0;
                if factor != 0.0 {
                    add_multiple(items, -factor, &pivot_row);
                }
            }
        }
        let mut items = vec![0.0; count * count];
        for (row, head) in heads.iter().enumerate() {
            for (at, column) in order.iter().enumerate() {
                items[row * count + column] = self.items[row * count + at] / head;
            }
        }
        Some(Matrix { items, ..self })
    }
}

crate::loops::vectorised! {
    fn add_multiple[](out: &mut [f64], factor: f64, other: &[f64]) -> () {
        for (out, other) in out.iter_mut().zip(other) {
            *out += factor * other;
        }
    }
}

/// `x mmu y`: matrix product; of two vectors their dot product, of a matrix and a vector a vector.
///
/// Errors: `'type` unless of floats, `'length` when inner counts differ.
pub fn mmu(x: Value, y: Value) -> QResult<Value> {
    match (&x, &y) {
        (Value::Floats(x), Value::Floats(y)) => {
            if x.len() != y.len() {
                return Err(QError::length());
            }
            Ok(Value::Float(fold::fold_two(
                x,
                y,
                0.0,
                |sum, x: f64, y: f64| sum + x * y,
                |a: f64, b| a + b,
            )))
        }
        (Value::Floats(row), _) => {
            let y = Matrix::of(&y)?;
            let x = Matrix {
                rows: 1,
                columns: row.len(),
                items: row.to_vec(),
            };
            Ok(Value::Floats(Vector::new(x.times(&y)?.items)))
        }
        (_, Value::Floats(column)) => {
            let x = Matrix::of(&x)?;
            let y = Matrix {
                rows: column.len(),
                columns: 1,
                items: column.to_vec(),
            };
            Ok(Value::Floats(Vector::new(x.times(&y)?.items)))
        }
        _ => Ok(Matrix::of(&x)?.times(&Matrix::of(&y)?)?.into_value()),
    }
}

/// `inv x`: the inverse of a square matrix; of a singular one nulls.
///
/// Errors: `'type` unless of floats, `'length` unless square.
pub fn inv(x: Value) -> QResult<Value> {
    let x = Matrix::of(&x)?;
    let count = x.rows;
    if x.columns != count {
        return Err(QError::length());
    }
    Ok(x.inverse()
        .unwrap_or_else(|| Matrix {
            rows: count,
            columns: count,
            items: vec![f64::NAN; count * count],
        })
        .into_value())
}

/// `x lsq y`: the matrix `m` for which `m mmu y` is nearest to `x` in the sense of least squares.
///
/// Errors: `'type` unless of floats, `'length` when counts differ, `'domain` when rows of `y` depend on each other.
pub fn lsq(x: Value, y: Value) -> QResult<Value> {
    let single = match &x {
        Value::Floats(row) => Some(Value::list(vec![Value::Floats(row.clone())])),
        _ => None,
    };
    let is_single = single.is_some();
    let (x, y) = (Matrix::of(&single.unwrap_or(x))?, Matrix::of(&y)?);
    if x.columns != y.columns {
        return Err(QError::length());
    }
    // normal equations: (y y') m' = y x'
    let gram = y.times(&y.transposed())?;
    let right = y.times(&x.transposed())?;
    let solution = gram.solve(right).ok_or_else(QError::domain)?.transposed();
    if is_single {
        return Ok(Value::Floats(Vector::new(solution.items)));
    }
    Ok(solution.into_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f64]]) -> Value {
        Value::list(
            rows.iter()
                .map(|row| Value::Floats(row.to_vec().into()))
                .collect(),
        )
    }

    fn near(x: &Value, y: &Value) -> bool {
        let (x, y) = (
            Matrix::of(x).expect("matrix"),
            Matrix::of(y).expect("matrix"),
        );
        x.items.len() == y.items.len()
            && x.items
                .iter()
                .zip(&y.items)
                .all(|(x, y)| (x - y).abs() < 1e-9)
    }

    #[test]
    fn products_and_inverses() {
        let a = matrix(&[&[2.0, 4.0, 8.0], &[3.0, 5.0, 6.0], &[0.0, 7.0, 1.0]]);
        let unit = matrix(&[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]]);
        let inverse = inv(a.clone()).expect("square");
        assert!(near(&mmu(a, inverse).expect("conforms"), &unit));
        let dot = mmu(
            Value::Floats(vec![1.0, 2.0, 3.0].into()),
            Value::Floats(vec![4.0, 5.0, 6.0].into()),
        );
        assert!(dot.expect("conforms").is_identical(&Value::Float(32.0)));
        let product = mmu(
            matrix(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]),
            matrix(&[&[7.0, 8.0], &[9.0, 10.0], &[11.0, 12.0]]),
        );
        assert!(near(
            &product.expect("conforms"),
            &matrix(&[&[58.0, 64.0], &[139.0, 154.0]])
        ));
        assert!(mmu(matrix(&[&[1.0]]), matrix(&[&[1.0], &[2.0]])).is_err());
    }

    #[test]
    fn inverses_with_row_exchanges_are_solutions_for_the_unit_matrix() {
        let a = matrix(&[&[0.0, 2.0, 1.0], &[1.0, 0.0, 3.0], &[4.0, 1.0, 0.0]]);
        let unit = matrix(&[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]]);
        let solved = Matrix::of(&a)
            .and_then(|a| Ok(a.solve(Matrix::of(&unit)?)))
            .expect("matrices");
        let inverse = inv(a).expect("square");
        assert!(near(&inverse, &solved.expect("regular").into_value()));
        let singular = inv(matrix(&[&[1.0, 2.0], &[2.0, 4.0]])).expect("square");
        let Value::List(rows) = &singular else {
            panic!("rows")
        };
        assert!(matches!(rows.first(), Some(Value::Floats(row)) if row[0].is_nan()));
    }

    #[test]
    fn least_squares_of_an_exact_system_is_its_solution() {
        let y = matrix(&[&[1.0, 2.0, 3.0, 4.0], &[1.0, 1.0, 1.0, 1.0]]);
        let m = matrix(&[&[2.0, -1.0], &[0.5, 3.0]]);
        let x = mmu(m.clone(), y.clone()).expect("conforms");
        assert!(near(&lsq(x, y).expect("independent"), &m));
    }
}
