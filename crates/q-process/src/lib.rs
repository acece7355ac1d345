//! The runnable q: console, listener, event loop, timer, callbacks, system commands.

#[expect(dead_code, reason="wiring in progress")]
mod arguments;
#[expect(dead_code, reason="wiring in progress")]
mod network;
#[expect(dead_code, reason="wiring in progress")]
mod os;
