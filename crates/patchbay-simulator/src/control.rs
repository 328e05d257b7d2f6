//! The control API: plans faults, lists requests and deliveries, resets the state.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    fault::{Faults, PlannedFault},
    recorder::Recorder,
    spotdraft::SpotDraft,
};

#[derive(Clone)]
struct Control {
    faults: Arc<Faults>,
    recorder: Arc<Recorder>,
    spotdraft: Arc<SpotDraft>,
}

pub fn router(faults: Arc<Faults>, recorder: Arc<Recorder>, spotdraft: Arc<SpotDraft>) -> Router {
    Router::new()
        .route("/faults", post(plan).delete(forget_faults))
        .route("/requests", get(requests).delete(forget_requests))
        .route("/deliveries", get(deliveries))
        .route("/reset", post(reset))
        .with_state(Control { faults, recorder, spotdraft })
}

async fn plan(State(control): State<Control>, Json(planned): Json<PlannedFault>) -> StatusCode {
    control.faults.plan(planned);
    StatusCode::NO_CONTENT
}

async fn forget_faults(State(control): State<Control>) -> StatusCode {
    control.faults.clear();
    StatusCode::NO_CONTENT
}

async fn requests(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "requests": control.recorder.all() }))
}

async fn forget_requests(State(control): State<Control>) -> StatusCode {
    control.recorder.clear();
    StatusCode::NO_CONTENT
}

/// Returns the webhook deliveries so far, newest last.
async fn deliveries(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "deliveries": control.spotdraft.deliveries() }))
}

async fn reset(State(control): State<Control>) -> StatusCode {
    control.faults.clear();
    control.recorder.clear();
    control.spotdraft.reset();
    StatusCode::NO_CONTENT
}
