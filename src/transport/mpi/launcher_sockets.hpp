#pragma once

namespace rankine::transport {

/// Small messages on this process's TCP connections go out at once. The ones meant are those that the MPI library keeps to
/// its launcher: PMIx ends with several small messages in a row, the second of which waits for the receipt of the first
/// (Nagle's algorithm), which the launcher's kernel gives 40 ms later (delayed acknowledgement). Called after
/// MPI_Init. Best effort: what cannot be set stays as it is.
void send_small_messages_at_once() noexcept;

}  // namespace rankine::transport
