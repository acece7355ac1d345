//! `\?`: what each name of the language does.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}
