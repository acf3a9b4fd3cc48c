#pragma once
#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace rankine::transport {

/// A message as the network sees it: bytes, and who sent them.
struct Frame {
  int from = 0;
  std::vector<std::byte> bytes;
};

/// What the network refuses or reports: names the peer, the operation and the library's own text.
struct TransportError : Error {
  explicit TransportError(const std::string& message) : Error(ExitCode::resources, message) {}
};

/// Frames between the ranks of one job. All calls come from one thread, the communication thread.
///
/// Nothing here blocks. Frames from one rank to another arrive whole, once and in the order in which
/// they were sent; frames of different senders in any order. A rank may send to itself. A frame of any
/// size is allowed, zero bytes included.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Takes the bytes and returns at once; they are kept until the send has completed.
  virtual void send(int to, std::vector<std::byte> frame) = 0;

  /// Moves the next frame that has arrived into `out`; false if there is none. Makes progress
  /// when none is waiting, so that polling until false is all that a loop needs.
  virtual bool poll(Frame& out) = 0;

  /// Moves sends and receives forward without taking a frame.
  virtual void progress() = 0;

  /// `rank` is lost: nothing more goes to it or comes from it, frames of it that have not been polled included. What
  /// is under way is abandoned with its buffers, without waiting.
  virtual void forget(int rank) = 0;

  /// True when every send has completed, which means the sender need not keep anything: not that the
  /// receiver has polled the frame.
  virtual bool idle() const = 0;

  /// Bytes of sends that have not completed: what the caller bounds.
  virtual Bytes outgoing_bytes() const = 0;

  /// True if an arriving frame rings the Notifier that the transport was made with, so that a waiting
  /// thread may sleep until then; false (MPI) if it must look every now and then.
  virtual bool wakes_on_arrival() const = 0;
};

}  // namespace rankine::transport
