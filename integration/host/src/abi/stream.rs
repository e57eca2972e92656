//! Actions on streams and contexts.

use wasmtime::Linker;

use super::{Answer, Guest, define};
use crate::{
    death::KillPattern,
    header_map::decode_pairs,
    status::Status,
    stream::Direction,
    vm::state::{Action, Reply, VmState},
};

/// The highest stream type of the ABI; 2 and 3 are network streams.
const LAST_STREAM_TYPE: u32 = 3;

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_continue_stream" => continue_stream, (kind: u32);
        "proxy_close_stream" => close_stream, (kind: u32);
        "proxy_send_local_response" => send_local_response,
            (status: u32, details: u32, details_len: u32, body: u32, body_len: u32, headers: u32, headers_len: u32, grpc: i32);
        "proxy_set_effective_context" => set_effective_context, (context: u32);
        "proxy_done" => done, ();
    }
    Ok(())
}

fn continue_stream(guest: &mut Guest<'_>, kind: u32) -> Answer {
    let direction = match kind {
        0 => Direction::Request,
        1 => Direction::Response,
        _ => return Err(Status::BadArgument.into()),
    };
    let id = guest.state().context();
    let state = guest.state_mut();
    let Some(stream) = state.streams.get_mut(&id) else { return Ok(()) };
    // The request's maps are gone at once, whichever side goes on.
    stream.request.headers_visible = false;
    stream.request.trailers_visible = false;
    state.actions.push_back(Action::Continue(id, direction));
    Ok(())
}

/// Reports what would kill Envoy: an action while the stream ends, or a second terminal one in one callback.
fn check_terminal(guest: &Guest<'_>, is_close: bool) {
    let state = guest.state();
    let Some(stream) = state.stream() else { return };
    let now = Some(state.call_number);
    let pattern = if stream.ending {
        KillPattern::ActionInLog
    } else if is_close && stream.closed_in_call == now {
        KillPattern::CloseTwice
    } else if (is_close && stream.replied_in_call == now)
        || (!is_close && stream.closed_in_call == now)
    {
        KillPattern::ReplyAndClose
    } else {
        return;
    };
    state.process.die(pattern, state.callback, state.context());
}

fn close_stream(guest: &mut Guest<'_>, kind: u32) -> Answer {
    match kind {
        0 | 1 => {}
        2..=LAST_STREAM_TYPE => return Ok(()),
        _ => return Err(Status::BadArgument.into()),
    }
    check_terminal(guest, true);
    let state = guest.state_mut();
    let (id, call) = (state.context(), state.call_number);
    if let Some(stream) = state.streams.get_mut(&id) {
        stream.closed_in_call = Some(call);
        state.actions.push_back(Action::Close(id));
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the ABI's own list")]
fn send_local_response(
    guest: &mut Guest<'_>,
    status: u32,
    details: u32,
    details_len: u32,
    body: u32,
    body_len: u32,
    headers: u32,
    headers_len: u32,
    grpc_status: i32,
) -> Answer {
    let details = guest.read(details, details_len)?;
    let body = guest.read(body, body_len)?;
    let headers = decode_pairs(&guest.read(headers, headers_len)?);
    check_terminal(guest, false);
    let details = String::from_utf8_lossy(&details).into_owned();
    let state = guest.state_mut();
    let (id, call) = (state.context(), state.call_number);
    if let Some(stream) = state.streams.get_mut(&id) {
        stream.replied_in_call = Some(call);
        state
            .actions
            .push_back(Action::Reply(id, Reply { status, details, body, headers, grpc_status }));
    }
    state.stop_iteration = true;
    Ok(())
}

fn set_effective_context(guest: &mut Guest<'_>, context: u32) -> Answer {
    if !guest.state().is_alive(context) {
        return Err(Status::BadArgument.into());
    }
    guest.state_mut().effective = context;
    Ok(())
}

fn done(guest: &mut Guest<'_>) -> Answer {
    let state = guest.state_mut();
    let id = state.context();
    let root = state.roots.get_mut(&id).filter(|root| root.done_pending).ok_or(Status::NotFound)?;
    root.done_pending = false;
    state.actions.push_back(Action::DeleteRoot(id));
    Ok(())
}
