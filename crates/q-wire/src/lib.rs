//! Values to bytes and back, compression, handshake; no sockets.
