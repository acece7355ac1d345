//! What the edge hands verified and validated requests to.

use control_plane::{AssumeRoleRequest, AssumedRole, Caller, CallerIdentity, ControlPlane};
use finspace_model::ApiError;
use serde_json::Value;

/// The operations behind the edge. The control plane is one; tests have their own.
#[async_trait::async_trait]
pub trait Management: Send + Sync {
    /// Carries out an operation of FinSpace. `input` has passed the contract.
    async fn call(&self, caller: &Caller, operation: &str, input: Value)
    -> Result<Value, ApiError>;

    /// Temporary keys of a role.
    async fn assume_role(
        &self,
        caller: &Caller,
        request: &AssumeRoleRequest,
    ) -> Result<AssumedRole, ApiError>;

    /// The caller as STS names it.
    fn caller_identity(&self, caller: &Caller) -> CallerIdentity;
}

#[async_trait::async_trait]
impl Management for ControlPlane {
    async fn call(
        &self,
        caller: &Caller,
        operation: &str,
        input: Value,
    ) -> Result<Value, ApiError> {
        ControlPlane::call(self, caller, operation, input).await
    }

    async fn assume_role(
        &self,
        caller: &Caller,
        request: &AssumeRoleRequest,
    ) -> Result<AssumedRole, ApiError> {
        ControlPlane::assume_role(self, caller, request).await
    }

    fn caller_identity(&self, caller: &Caller) -> CallerIdentity {
        self.get_caller_identity(caller)
    }
}
