//! The runnable q: console, listener, event loop, timer, callbacks, system commands.
