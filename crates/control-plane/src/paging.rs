//! Pages of lists: sorted by a key, continued after the last one given.

use aws_protocol::page_token::PageTokens;
use finspace_model::ApiError;

const PAGE_ITEMS_DEFAULT: usize = 50;
const PAGE_ITEMS_MAX: usize = 100;

/// What a request says about paging.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRequest<'a> {
    /// What is listed and by which filter; a token of another list is refused.
    pub(crate) list: &'a str,
    pub(crate) max_results: Option<u32>,
    pub(crate) next_token: Option<&'a str>,
}

/// The items after the token's position, at most `max_results` (0 and none: 50), and the token of the next page, which
/// is absent on the last one. `items` must be sorted by `key`.
pub(crate) fn page<T>(
    tokens: &PageTokens,
    request: PageRequest<'_>,
    items: Vec<T>,
    key: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let after = match request.next_token {
        Some(token) => Some(
            tokens
                .position(request.list, token)
                .map_err(|error| ApiError::validation(error.to_string()))?,
        ),
        None => None,
    };
    let size = match request.max_results {
        None | Some(0) => PAGE_ITEMS_DEFAULT,
        Some(asked) => usize::try_from(asked)
            .unwrap_or(PAGE_ITEMS_MAX)
            .min(PAGE_ITEMS_MAX),
    };
    let mut rest: Vec<T> = match after {
        Some(after) => items.into_iter().filter(|item| key(item) > after).collect(),
        None => items,
    };
    let more = rest.len() > size;
    rest.truncate(size);
    let next = rest
        .last()
        .filter(|_| more)
        .map(|last| tokens.token(request.list, &key(last)));
    Ok((rest, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_everything_once_and_the_last_has_no_token() {
        let tokens = PageTokens::new([7; 32]);
        let items: Vec<String> = (0..7).map(|number| format!("n{number}")).collect();
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let request = PageRequest {
                list: "l",
                max_results: Some(3),
                next_token: token.as_deref(),
            };
            let (some, next) = page(&tokens, request, items.clone(), Clone::clone).unwrap();
            assert!(some.len() <= 3);
            seen.extend(some);
            match next {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, items);
        let foreign = PageRequest {
            list: "other",
            max_results: None,
            next_token: token.as_deref(),
        };
        assert!(page(&tokens, foreign, items, Clone::clone).is_err());
    }
}
