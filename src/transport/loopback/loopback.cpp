#include "transport/loopback/loopback.hpp"

#include <deque>
#include <mutex>
#include <string>
#include <set>
#include <utility>

#include "base/check.hpp"

namespace rankine::transport {
namespace {

/// What has been sent to one rank and not been polled.
struct Mailbox {
  std::mutex mutex;
  std::deque<Frame> frames;
  exec::Notifier* wake = nullptr;
};

class Loopback final : public Transport {
 public:
  Loopback(int rank, std::shared_ptr<std::vector<Mailbox>> mailboxes)
      : rank_(rank), mailboxes_(std::move(mailboxes)) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(mailboxes_->size()); }

  void send(int to, std::vector<std::byte> frame) override {
    RANKINE_CHECK(to >= 0 && to < size(), "a frame for a rank that does not exist");
    if (forgotten_.contains(to)) return;
    Mailbox& mailbox = (*mailboxes_)[static_cast<std::size_t>(to)];
    {
      std::lock_guard lock(mailbox.mutex);
      mailbox.frames.push_back({rank_, std::move(frame)});
    }
    mailbox.wake->notify();
  }

  bool poll(Frame& out) override {
    Mailbox& mailbox = (*mailboxes_)[static_cast<std::size_t>(rank_)];
    std::lock_guard lock(mailbox.mutex);
    while (!mailbox.frames.empty() && forgotten_.contains(mailbox.frames.front().from)) mailbox.frames.pop_front();
    if (mailbox.frames.empty()) return false;
    out = std::move(mailbox.frames.front());
    mailbox.frames.pop_front();
    return true;
  }

  void progress() override {}
  void forget(int rank) override { forgotten_.insert(rank); }
  bool idle() const override { return true; }  // a send hands the bytes over at once
  Bytes outgoing_bytes() const override { return {}; }
  bool wakes_on_arrival() const override { return true; }

 private:
  int rank_;
  std::shared_ptr<std::vector<Mailbox>> mailboxes_;
  std::set<int> forgotten_;
};

}  // namespace

std::vector<std::unique_ptr<Transport>> make_loopback(const std::vector<exec::Notifier*>& wake) {
  auto mailboxes = std::make_shared<std::vector<Mailbox>>(wake.size());
  std::vector<std::unique_ptr<Transport>> endpoints;
  for (std::size_t rank = 0; rank < wake.size(); ++rank) {
    (*mailboxes)[rank].wake = wake[rank];
    endpoints.push_back(std::make_unique<Loopback>(static_cast<int>(rank), mailboxes));
  }
  return endpoints;
}

std::unique_ptr<Transport> make_loopback(exec::Notifier& wake) {
  return std::move(make_loopback(std::vector<exec::Notifier*>{&wake}).front());
}

}  // namespace rankine::transport
