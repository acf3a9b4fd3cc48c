#include "transport/lifeline/lifelines.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <random>
#include <utility>

#include "transport/lifeline/lifeline_protocol.hpp"

namespace rankine::transport {
namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Numeric addresses of this host, loopback ones aside.
std::vector<std::string> own_addresses() {
  std::vector<std::string> list;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return list;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_LOOPBACK) != 0 || (one->ifa_flags & IFF_UP) == 0) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (one->ifa_addr->sa_family == AF_INET) {
      ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text, sizeof text);
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      const auto& address = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
      if (!IN6_IS_ADDR_LINKLOCAL(&address)) ::inet_ntop(AF_INET6, &address, text, sizeof text);
    }
    if (text[0] != '\0') list.emplace_back(text);
  }
  ::freeifaddrs(all);
  return list;
}

/// A listening socket on a free port, for both kinds of addresses where the host has both.
int listen_anywhere(int backlog, std::uint16_t& port) {
  for (const int family : {AF_INET6, AF_INET}) {
    const int listener = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) continue;
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(family);
    socklen_t size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    const int off = 0;
    if (family == AF_INET6) ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(listener, backlog) == 0 &&
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      port = ntohs(family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                                      : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
      return listener;
    }
    ::close(listener);
  }
  return -1;
}

/// One descriptor a rank, and files besides: as many as the hard limit allows.
void raise_descriptor_limit(int size) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= static_cast<rlim_t>(size) + 512) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, static_cast<rlim_t>(size) + 512);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::string describe_death(const PeerDeath& death) {
  if (!death.confirmed) return "cannot be reached any more";
  if (WIFSIGNALED(death.wait_status)) {
    const int number = WTERMSIG(death.wait_status);
    return "was killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(death.wait_status));
}

/// A connection: of nobody yet, or of one rank's supervisor.
struct Lifelines::Line {
  int socket = -1;
  int rank = -1;
  std::vector<char> received;
  ~Line() { if (socket >= 0) ::close(socket); }
};

Lifelines::Lifelines(exec::Notifier& wake, int size, LifelineOptions options)
    : wake_(wake), options_(options), socket_of_rank_(static_cast<std::size_t>(size), -1),
      ended_(static_cast<std::size_t>(size), false) {
  raise_descriptor_limit(size);
  LifelineAddress address;
  listener_ = listen_anywhere(std::max(size, 16), address.port);
  if (listener_ < 0 || ::pipe2(stop_pipe_, O_CLOEXEC) != 0) return;
  std::random_device random;
  token_ = (static_cast<std::uint64_t>(random()) << 32) | random();
  char name[256] = "host";
  ::gethostname(name, sizeof name - 1);
  address.host = name;
  address.token = token_;
  address.addresses = own_addresses();
  address_ = to_text(address);
  // Signals are the communication thread's.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Lifelines::~Lifelines() {
  if (thread_.joinable()) {
    (void)!::write(stop_pipe_[1], "x", 1);
    thread_.join();
    ::close(stop_pipe_[0]);
    ::close(stop_pipe_[1]);
  }
  if (listener_ >= 0) ::close(listener_);
}

void Lifelines::run() {
  std::vector<pollfd> watched;
  for (;;) {
    watched.clear();
    watched.push_back({stop_pipe_[0], POLLIN, 0});
    watched.push_back({listener_, POLLIN, 0});
    for (const auto& line : lines_) watched.push_back({line->socket, POLLIN, 0});
    const int found = ::poll(watched.data(), watched.size(), 1000);
    if (found > 0) {
      if (watched[0].revents != 0) return;
      // Backwards, so that what is erased or added does not move what is still to be looked at.
      for (std::size_t i = watched.size(); i-- > 2;) {
        if (watched[i].revents == 0) continue;
        Line& line = *lines_[i - 2];
        if (line.rank < 0) read_hello(line);
        else read_note(line);
      }
      {
        const std::lock_guard lock(mutex_);
        std::erase_if(lines_, [](const auto& line) { return line->socket < 0; });
      }
      if (watched[1].revents != 0) accept_one();
    }
    look_for_stuck_call();
  }
}

void Lifelines::accept_one() {
  const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) {
    // Out of descriptors: the rank is known by its heartbeats only. Do not spin on it.
    if (errno == EMFILE || errno == ENFILE) ::poll(nullptr, 0, 100);
    return;
  }
  set_lifeline_options(socket);
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::make_unique<Line>());
  lines_.back()->socket = socket;
}

void Lifelines::read_hello(Line& line) {
  char bytes[sizeof(LifelineHello)];
  const ssize_t size = ::recv(line.socket, bytes, sizeof bytes - line.received.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size > 0) line.received.insert(line.received.end(), bytes, bytes + size);
  if (size > 0 && line.received.size() < sizeof(LifelineHello)) return;
  LifelineHello hello;
  bool known = size > 0;
  if (known) {
    std::memcpy(&hello, line.received.data(), sizeof hello);
    line.received.clear();
    known = hello.token == token_ && hello.rank > 0 && static_cast<std::size_t>(hello.rank) < socket_of_rank_.size();
  }
  const std::lock_guard lock(mutex_);
  if (!known) {  // not of this job
    ::close(std::exchange(line.socket, -1));
    return;
  }
  line.rank = hello.rank;
  socket_of_rank_[static_cast<std::size_t>(hello.rank)] = line.socket;
  if (::send(line.socket, &token_, sizeof token_, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof token_)) return;
}

void Lifelines::read_note(Line& line) {
  char bytes[4096];
  const ssize_t size = ::recv(line.socket, bytes, sizeof bytes, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  PeerDeath death;
  death.rank = line.rank;
  if (size > 0) {
    line.received.insert(line.received.end(), bytes, bytes + size);
    DeathNote note;
    if (line.received.size() < sizeof note) return;
    std::memcpy(&note, line.received.data(), sizeof note);
    if (line.received.size() < sizeof note + note.task_count * sizeof(std::uint64_t)) return;
    death.confirmed = true;
    death.wait_status = note.wait_status;
    death.running.resize(note.task_count);
    if (note.task_count != 0)
      std::memcpy(death.running.data(), line.received.data() + sizeof note, note.task_count * sizeof(std::uint64_t));
    line.received.clear();
  }
  {
    const std::lock_guard lock(mutex_);
    if (size <= 0) {
      ::close(std::exchange(line.socket, -1));
      socket_of_rank_[static_cast<std::size_t>(line.rank)] = -1;
    }
    if (ended_[static_cast<std::size_t>(line.rank)]) return;
    ended_[static_cast<std::size_t>(line.rank)] = true;
  }
  report(std::move(death));
}

void Lifelines::report(PeerDeath death) {
  std::function<void(const PeerDeath&)> act;
  {
    const std::lock_guard lock(mutex_);
    act = act_;
    if (!act) deaths_.push_back(death);
  }
  if (act) act(death);
  else any_.store(true, std::memory_order_release);
  wake_.notify();
}

void Lifelines::on_each_death(std::function<void(const PeerDeath&)> act) {
  std::vector<PeerDeath> kept;
  {
    const std::lock_guard lock(mutex_);
    act_ = act;
    if (act) kept = std::exchange(deaths_, {});
  }
  for (const auto& death : kept) act(death);
}

void Lifelines::guard(std::shared_ptr<const CallMark> mark, std::function<void()> on_stuck) {
  const std::lock_guard lock(mutex_);
  mark_ = std::move(mark);
  on_stuck_ = std::move(on_stuck);
  mark_since_ms_ = now_ms();
}

void Lifelines::look_for_stuck_call() {
  std::function<void()> act;
  {
    const std::lock_guard lock(mutex_);
    if (!mark_) return;
    const std::uint64_t mark = mark_->load(std::memory_order_relaxed);
    const std::int64_t now = now_ms();
    // A job that was suspended as a whole has not been stuck meanwhile.
    const bool was_suspended = now - std::exchange(last_look_ms_, now) > 5000;
    if (mark != last_mark_ || mark % 2 == 0 || was_suspended) {
      last_mark_ = mark;
      mark_since_ms_ = now;
    } else if (now - mark_since_ms_ > static_cast<std::int64_t>(options_.stuck_after_ms)) {
      act = std::exchange(on_stuck_, {});
      mark_.reset();
    }
  }
  if (act) act();
}

std::vector<PeerDeath> Lifelines::take_deaths() {
  const std::lock_guard lock(mutex_);
  any_.store(false, std::memory_order_release);
  return std::exchange(deaths_, {});
}

bool Lifelines::watches(int rank) const {
  const std::lock_guard lock(mutex_);
  return socket_of_rank_.at(static_cast<std::size_t>(rank)) >= 0;
}

void Lifelines::order_kill(int rank) {
  const std::lock_guard lock(mutex_);
  const int socket = socket_of_rank_.at(static_cast<std::size_t>(rank));
  if (socket >= 0) (void)!::send(socket, &kill_order, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Lifelines::await_ends(int longest_ms) {
  const std::int64_t begin = now_ms();
  const auto all_ended = [&] {
    const std::lock_guard lock(mutex_);
    for (std::size_t rank = 0; rank < ended_.size(); ++rank)
      if (socket_of_rank_[rank] >= 0 && !ended_[rank]) return false;
    return true;
  };
  while (!all_ended() && now_ms() - begin < longest_ms) wake_.wait_for(std::chrono::milliseconds(20));
  if (all_ended()) return;
  for (std::size_t rank = 0; rank < ended_.size(); ++rank) order_kill(static_cast<int>(rank));
}

}  // namespace rankine::transport
