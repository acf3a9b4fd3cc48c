#include <algorithm>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "transport/mpi/mpi_call.hpp"
#include "transport/mpi/mpi_session.hpp"

namespace rankine::transport {
namespace {

/// A frame is sent as zero or more pieces tagged `more` and one tagged `last`. MPI keeps the order of
/// messages between two ranks on one communicator as long as they are matched by probes for any tag.
constexpr int tag_more = 1;
constexpr int tag_last = 2;

struct Sending {
  int to = 0;
  std::vector<std::byte> bytes;
  std::vector<MPI_Request> requests;
};

struct Receiving {
  std::vector<std::byte> bytes;
  MPI_Request request = MPI_REQUEST_NULL;
  int tag = tag_last;
  bool complete = false;
};

/// What one peer has sent, in its order: pieces under way, and the front part of a frame in pieces.
struct Incoming {
  std::deque<Receiving> pieces;
  std::vector<std::byte> assembled;
  bool assembling = false;
};

class MpiTransport final : public Transport {
 public:
  MpiTransport(MpiSession& session, MpiTransportOptions options)
      : comm_(session.comm()), rank_(session.place().rank), size_(session.place().size), options_(options),
        mark_(options.mark ? std::move(options.mark) : std::make_shared<CallMark>(0)) {
    RANKINE_CHECK(options.piece_bytes > 0 && options.piece_bytes <= (std::size_t{1} << 30), "piece size");
    RANKINE_CHECK(options.receives_in_flight > 0, "receives in flight");
  }

  ~MpiTransport() override {
    // MPI may write to buffers of pending requests as long as the process lives: they outlive this object on purpose.
    if (!sends_.empty()) abandoned().splice(abandoned().end(), sends_);
    if (receives_in_flight_ > 0) new std::map<int, Incoming>(std::move(incoming_));
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void send(int to, std::vector<std::byte> frame) override {
    RANKINE_CHECK(to >= 0 && to < size_, "a frame for a rank that does not exist");
    if (to == rank_) {
      own_.push_back({rank_, std::move(frame)});
      return;
    }
    if (lost_.contains(to)) return;
    const Inside inside(*mark_);
    Sending& sending = sends_.emplace_back();
    sending.to = to;
    sending.bytes = std::move(frame);
    outgoing_.value += sending.bytes.size();
    const std::size_t total = sending.bytes.size();
    std::size_t begin = 0;
    do {
      const std::size_t count = std::min(options_.piece_bytes, total - begin);
      const int tag = begin + count == total ? tag_last : tag_more;
      MPI_Request& request = sending.requests.emplace_back(MPI_REQUEST_NULL);
      check_mpi(MPI_Isend(sending.bytes.data() + begin, static_cast<int>(count), MPI_BYTE, to, tag, comm_,
                          &request),
                [&] { return "sending " + std::to_string(total) + " bytes to rank " + std::to_string(to); });
      begin += count;
    } while (begin < total);
  }

  bool poll(Frame& out) override {
    if (own_.empty() && ready_.empty()) progress();
    if (!own_.empty()) {
      out = std::move(own_.front());
      own_.pop_front();
      return true;
    }
    if (ready_.empty()) return false;
    out = std::move(ready_.front());
    ready_.pop_front();
    return true;
  }

  void forget(int rank) override {
    if (rank == rank_ || !lost_.insert(rank).second) return;
    for (auto it = sends_.begin(); it != sends_.end();) {
      const auto next = std::next(it);
      if (it->to == rank) {
        outgoing_.value -= it->bytes.size();
        abandoned().splice(abandoned().end(), sends_, it);
      }
      it = next;
    }
    if (const auto known = incoming_.find(rank); known != incoming_.end()) {
      receives_in_flight_ -= known->second.pieces.size();
      new Incoming(std::move(known->second));
      incoming_.erase(known);
    }
    std::erase_if(ready_, [&](const Frame& frame) { return frame.from == rank; });
  }

  void progress() override {
    const Inside inside(*mark_);
    complete_sends();
    accept_arrivals();
    if (receives_in_flight_ > 0) complete_receives();
  }

  bool idle() const override { return sends_.empty(); }
  Bytes outgoing_bytes() const override { return outgoing_; }
  bool wakes_on_arrival() const override { return false; }

 private:
  /// While it lives, a call into MPI is under way, which may never return once a rank has died.
  struct Inside {
    explicit Inside(CallMark& m) : mark(m) { step(); }
    ~Inside() { step(); }
    /// Only this thread writes it: no need to lock the bus, twice a poll.
    void step() { mark.store(mark.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
    CallMark& mark;
  };

  /// Sends that will never complete. MPI may read their buffers as long as the process lives, and cancelling a send is
  /// not reliable: they are kept for good.
  static std::list<Sending>& abandoned() {
    static auto* list = new std::list<Sending>;
    return *list;
  }

  void complete_sends() {
    // Sends to different peers complete in any order; a peer that does not answer must not keep the
    // buffers of the others alive, so all are looked at. Their number is bounded by the caller.
    for (auto it = sends_.begin(); it != sends_.end();) {
      int done = 0;
      check_mpi(MPI_Testall(static_cast<int>(it->requests.size()), it->requests.data(), &done,
                            MPI_STATUSES_IGNORE),
                [] { return "completing a send"; });
      if (done == 0) {
        ++it;
        continue;
      }
      outgoing_.value -= it->bytes.size();
      it = sends_.erase(it);
    }
  }

  void accept_arrivals() {
    while (receives_in_flight_ < options_.receives_in_flight) {
      int found = 0;
      MPI_Message message = MPI_MESSAGE_NULL;
      MPI_Status status;
      check_mpi(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &found, &message, &status),
                [] { return "looking for messages"; });
      if (found == 0) return;
      // Of a lost rank: matched and left alone, for the receive might never complete.
      if (lost_.contains(status.MPI_SOURCE)) continue;
      int count = 0;
      check_mpi(MPI_Get_count(&status, MPI_BYTE, &count), [] { return "reading the size of a message"; });
      Receiving& receiving = incoming_[status.MPI_SOURCE].pieces.emplace_back();
      receiving.bytes.resize(static_cast<std::size_t>(count));
      receiving.tag = status.MPI_TAG;
      ++receives_in_flight_;
      check_mpi(MPI_Imrecv(receiving.bytes.data(), count, MPI_BYTE, &message, &receiving.request), [&] {
        return "receiving " + std::to_string(count) + " bytes from rank " + std::to_string(status.MPI_SOURCE);
      });
      // Small messages are there already: completing them now keeps them out of the loop over peers.
      complete(status.MPI_SOURCE, incoming_[status.MPI_SOURCE]);
    }
  }

  void complete_receives() {
    for (auto& [from, incoming] : incoming_) {
      if (!incoming.pieces.empty()) complete(from, incoming);
    }
  }

  /// Takes what has arrived from `from`, in its order, as far as it is complete.
  void complete(int from, Incoming& incoming) {
    while (!incoming.pieces.empty()) {
      Receiving& piece = incoming.pieces.front();
      int done = 0;
      check_mpi(MPI_Test(&piece.request, &done, MPI_STATUS_IGNORE),
                [&] { return "receiving from rank " + std::to_string(from); });
      if (done == 0) return;
      --receives_in_flight_;
      deliver(from, incoming, std::move(piece.bytes), piece.tag);
      incoming.pieces.pop_front();
    }
  }

  void deliver(int from, Incoming& incoming, std::vector<std::byte> bytes, int tag) {
    if (incoming.assembling) {
      incoming.assembled.insert(incoming.assembled.end(), bytes.begin(), bytes.end());
    } else {
      incoming.assembled = std::move(bytes);
    }
    incoming.assembling = tag == tag_more;
    if (!incoming.assembling) ready_.push_back({from, std::exchange(incoming.assembled, {})});
  }

  MPI_Comm comm_;
  int rank_;
  int size_;
  MpiTransportOptions options_;
  std::list<Sending> sends_;
  Bytes outgoing_;
  std::map<int, Incoming> incoming_;
  std::size_t receives_in_flight_ = 0;
  std::shared_ptr<CallMark> mark_;
  std::set<int> lost_;
  std::deque<Frame> own_;
  std::deque<Frame> ready_;
};

}  // namespace

std::unique_ptr<Transport> make_mpi_transport(MpiSession& session, MpiTransportOptions options) {
  return std::make_unique<MpiTransport>(session, options);
}

}  // namespace rankine::transport
