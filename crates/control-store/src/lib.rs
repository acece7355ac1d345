//! Durable desired state, revisions, deployments, idempotency tokens; migrations.
