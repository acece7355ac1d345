//! What the server and an agent say to each other over `agent.sock`, and how it is framed.
//!
//! A frame is its length (u32, little-endian) and that many bytes of JSON. A connection carries any number of requests,
//! each answered by one response; only [`Request::Watch`] turns it into a stream of [`Response::Changed`].

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;

use crate::{NodeSpec, NodeStatus};

/// A frame longer than this is refused: a specification has at most 50 arguments of 2 KiB and an environment.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Anything that travels in a frame.
pub trait Frame: Serialize + DeserializeOwned {}
impl<T: Serialize + DeserializeOwned> Frame for T {}

/// What an agent can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Answered by [`Response::Status`].
    Status,
    /// Answered by [`Response::Accepted`] or [`Response::Stale`], before the node has reached it.
    Put { spec: Box<NodeSpec> },
    /// Ends q, deletes the node's directory, answers [`Response::Removed`] and ends the agent.
    Remove { generation: u64 },
    /// From now on every change of the node's status is told; the first [`Response::Changed`] comes at once.
    Watch,
    /// Answered by [`Response::Listener`], which carries the cluster's listening socket beside it.
    Listener,
}

/// What an agent answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "snake_case")]
pub enum Response {
    Status {
        status: Box<NodeStatus>,
    },
    Accepted,
    Stale {
        given: u64,
        seen: u64,
    },
    Removed,
    Changed,
    /// The socket comes beside this answer.
    Listener,
    Refused {
        reason: String,
    },
}

/// Sends one frame.
pub async fn write_frame(stream: &mut UnixStream, message: &impl Frame) -> io::Result<()> {
    stream.write_all(&encode(message)?).await
}

/// Receives one frame, `None` when the peer has closed the connection between frames.
pub async fn read_frame<T: Frame>(stream: &mut UnixStream) -> io::Result<Option<T>> {
    Ok(read_frame_with_descriptor(stream)
        .await?
        .map(|(message, _)| message))
}

/// Sends one frame with a descriptor beside its first byte.
pub async fn write_frame_with_descriptor(
    stream: &mut UnixStream,
    message: &impl Frame,
    descriptor: impl AsFd,
) -> io::Result<()> {
    let bytes = encode(message)?;
    let sent = stream
        .async_io(Interest::WRITABLE, || {
            let descriptors = [descriptor.as_fd()];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&descriptors));
            Ok(sendmsg(
                &*stream,
                &[IoSlice::new(&bytes)],
                &mut control,
                SendFlags::NOSIGNAL,
            )?)
        })
        .await?;
    stream
        .write_all(bytes.get(sent..).unwrap_or_default())
        .await
}

/// Receives one frame and the descriptor that came with it, if one did.
pub async fn read_frame_with_descriptor<T: Frame>(
    stream: &mut UnixStream,
) -> io::Result<Option<(T, Option<OwnedFd>)>> {
    let mut length = [0_u8; 4];
    let (received, descriptor) = receive(stream, &mut length).await?;
    if received == 0 {
        return Ok(None);
    }
    let rest = length
        .get_mut(received..)
        .ok_or(io::ErrorKind::InvalidData)?;
    stream.read_exact(rest).await?;
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame of {length} bytes is longer than {FRAME_BYTES_MAX}"),
        ));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(Some((serde_json::from_slice(&bytes)?, descriptor)))
}

async fn receive(stream: &UnixStream, bytes: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    stream
        .async_io(Interest::READABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let message = recvmsg(
                stream,
                &mut [IoSliceMut::new(bytes)],
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            )?;
            let descriptor = control
                .drain()
                .filter_map(|part| match part {
                    RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
                    _ => None,
                })
                .next();
            Ok((message.bytes, descriptor))
        })
        .await
}

fn encode(message: &impl Frame) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|_| body.len() <= FRAME_BYTES_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the message is too long"))?;
    let mut bytes = Vec::with_capacity(4 + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};

    #[tokio::test]
    async fn frames_and_descriptors_arrive_as_sent() {
        let (mut one, mut other) = UnixStream::pair().expect("pair");
        let mut file = tempfile::tempfile().expect("file");
        file.write_all(b"shared").expect("write");
        write_frame(&mut one, &Request::Status).await.expect("send");
        write_frame_with_descriptor(&mut one, &Response::Listener, &file)
            .await
            .expect("send");
        drop(one);
        assert_eq!(
            read_frame(&mut other).await.expect("read"),
            Some(Request::Status)
        );
        let (response, descriptor) = read_frame_with_descriptor::<Response>(&mut other)
            .await
            .expect("read")
            .expect("a frame");
        assert_eq!(response, Response::Listener);
        let mut received = std::fs::File::from(descriptor.expect("a descriptor"));
        received.rewind().expect("seek");
        let mut text = String::new();
        received.read_to_string(&mut text).expect("read");
        assert_eq!(text, "shared");
        assert_eq!(read_frame::<Request>(&mut other).await.expect("end"), None);
    }

    #[tokio::test]
    async fn a_hostile_length_is_refused() {
        let (mut one, mut other) = UnixStream::pair().expect("pair");
        one.write_all(&u32::MAX.to_le_bytes()).await.expect("send");
        assert!(read_frame::<Request>(&mut other).await.is_err());
    }
}
