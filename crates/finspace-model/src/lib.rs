//! Shapes, routes, validation and errors of the FinSpace API; typed ids.
//!
//! The facts of the API live in `contract.json` (operations, shapes, constraints of the 2021-03-12 service model) and
//! are read once by [`contract`]. A request goes through three pure steps, none of which knows HTTP libraries or storage:
//!
//! 1. [`route`] finds the operation and its URI labels;
//! 2. [`decode_request`] joins labels, query and body into one JSON object and checks it against the contract;
//! 3. the handler reads that object into a type of [`shapes`] and answers with another one.
//!
//! [`botocore`] turns the same contract back into the model files that boto3 and the AWS CLI read, because current SDKs
//! no longer carry the service.

mod contract;
mod decode;
mod errors;
pub mod ids;
mod pattern;
mod relaxations;
mod route;
mod timestamp;
mod validate;

pub mod botocore;
pub mod shapes;

pub use contract::{Contract, Location, Member, Operation, Shape, ShapeType, contract};
pub use decode::decode_request;
pub use errors::{ApiError, ErrorCode};
pub use route::{Routed, route};
pub use timestamp::Timestamp;
