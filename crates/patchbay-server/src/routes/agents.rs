//! What agents cost, and what they say of tools.

use axum::{Json, extract::State, http::HeaderMap};
use patchbay_engine::{AgentRequest, Engine, ParamStyle, ToolMode};

use crate::{
    dto::{
        agents::{FeedbackListOut, FeedbackOut, SubmitFeedback, SubmittedFeedbackOut, ToolCostOut, ToolCostsOut},
        errors::ErrorOut,
        responses::{BodyErrors, KeyErrors, ValidationErrors},
    },
    error::ApiError,
    extract::{Authenticated, QueryMap, WireJson},
    mcp::agent_request,
};

/// Returns what the tools of accounts cost.
///
/// The sizes of the tools that `/mcp` lists for these accounts, in each mode and style. A token is counted as four bytes,
/// which is an estimate. Scope: `actions:execute`.
#[utoipa::path(
    get, path = "/ai/tool_costs", tag = "Agents", operation_id = "tool_costs",
    params(
        ("x-account-id" = Option<String>, Header, nullable = false, description = "The accounts, comma-separated.", example = "V1StGXR8z5jdHi6BmyT1x"),
        ("account_id" = Option<Vec<String>>, Query, style = Form, explode = false, description = "The accounts, comma-separated, if the header is absent."),
        ("owner_id" = Option<String>, Query, description = "All accounts of this owner instead."),
        ("connectors" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these connectors, comma-separated; `*` stands for any characters."),
        ("actions" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these actions, comma-separated; `*` stands for any characters."),
    ),
    responses(
        KeyErrors, ValidationErrors,
        (status = 200, description = "The sizes.", body = ToolCostsOut),
        (status = 404, description = "The project has none of the accounts.", body = ErrorOut),
    )
)]
pub(crate) async fn costs(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    query: QueryMap,
) -> Result<Json<ToolCostsOut>, ApiError> {
    let request = agent_request(&headers, query)?;
    let mut data = Vec::new();
    for mode in ToolMode::ALL {
        // The style changes only the tools of single actions.
        let styles = if mode == ToolMode::Individual { &ParamStyle::ALL[..] } else { &ParamStyle::ALL[..1] };
        for style in styles.iter().copied() {
            let tools = engine.agents.open(&caller, &AgentRequest { mode, style, ..request.clone() }).await?;
            let (count, bytes) = tools.size();
            data.push(ToolCostOut::new(mode, style, count, bytes));
        }
    }
    Ok(Json(ToolCostsOut { data }))
}

/// Keeps what somebody says of tools.
///
/// It is kept for a year, and shown by `GET /ai/tool-feedback` and by `GET /actions` with
/// `include=tool_feedback`. Scope: `actions:execute`.
#[utoipa::path(
    post, path = "/ai/tool-feedback", tag = "Agents", operation_id = "tool_feedback_submit", request_body = SubmitFeedback,
    responses(
        KeyErrors, BodyErrors,
        (status = 200, description = "It is kept.", body = SubmittedFeedbackOut),
        (status = 404, description = "The project does not have the account.", body = ErrorOut),
    )
)]
pub(crate) async fn submit_feedback(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    WireJson(body): WireJson<SubmitFeedback>,
) -> Result<Json<SubmittedFeedbackOut>, ApiError> {
    let kept = engine.tool_feedback.submit(&caller, body.into_new()).await?;
    Ok(Json(SubmittedFeedbackOut::new(&kept)))
}

/// Lists the newest feedback on tools.
///
/// At most 200 messages, the newest first. Scope: `connectors:read`.
#[utoipa::path(
    get, path = "/ai/tool-feedback", tag = "Agents", operation_id = "tool_feedback_list",
    params(("tool_name" = Option<String>, Query, description = "Only feedback on this tool: an action's ID.", example = "slack_post_message")),
    responses(
        KeyErrors, ValidationErrors,
        (status = 200, description = "The feedback.", body = FeedbackListOut),
    )
)]
pub(crate) async fn feedback(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    mut query: QueryMap,
) -> Result<Json<FeedbackListOut>, ApiError> {
    let tool = query.key(&["tool_name", "tool_names", "action_key"])?;
    query.finish()?;
    let newest = engine.tool_feedback.newest(&caller, tool.as_deref()).await?;
    Ok(Json(FeedbackListOut { data: newest.into_iter().map(FeedbackOut::new).collect() }))
}
