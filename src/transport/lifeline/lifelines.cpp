#include "transport/lifeline/lifelines.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
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
#include <sstream>
#include <utility>

#include "transport/lifeline/job_hosts.hpp"
#include "transport/lifeline/lifeline_protocol.hpp"

namespace rankine::transport {
namespace {

/// Listens on one address, at `port` or, if that is 0, at a free one; -1 where that cannot be.
int listen_on(const sockaddr_storage& where, socklen_t size, int backlog, std::uint16_t& port) {
  sockaddr_storage address = where;
  const int family = address.ss_family;
  auto& number = family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port : reinterpret_cast<sockaddr_in&>(address).sin_port;
  number = htons(port);
  const int listener = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return -1;
  const int off = 0;
  if (family == AF_INET6) ::setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(listener, backlog) == 0 &&
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(number);
    return listener;
  }
  ::close(listener);
  return -1;
}

/// Listeners at one port of all these numeric addresses that can be had; without any, of every address of this host, of both
/// kinds where it has both.
std::vector<int> listen_at(std::vector<std::string>& addresses, int backlog, std::uint16_t& port) {
  std::vector<int> listeners;
  std::vector<std::string> had;
  for (const auto& text : addresses) {
    sockaddr_storage where{};
    where.ss_family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
    const bool is_v6 = where.ss_family == AF_INET6;
    void* bytes = is_v6 ? static_cast<void*>(&reinterpret_cast<sockaddr_in6&>(where).sin6_addr)
                        : static_cast<void*>(&reinterpret_cast<sockaddr_in&>(where).sin_addr);
    if (::inet_pton(where.ss_family, text.c_str(), bytes) != 1) continue;
    const int listener = listen_on(where, is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in), backlog, port);
    if (listener < 0) continue;
    listeners.push_back(listener);
    had.push_back(text);
  }
  addresses = std::move(had);
  for (const int family : {AF_INET6, AF_INET}) {
    if (!listeners.empty()) break;
    sockaddr_storage anywhere{};
    anywhere.ss_family = static_cast<sa_family_t>(family);
    const int listener = listen_on(anywhere, family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in), backlog, port);
    if (listener >= 0) listeners.push_back(listener);
  }
  return listeners;
}

/// "node3 10.79.0.3/24 ..." without the name and the prefixes.
std::vector<std::string> own_addresses() {
  std::istringstream words(describe_own_host());
  std::vector<std::string> list;
  std::string word;
  for (words >> word; words >> word;) list.push_back(word.substr(0, word.find('/')));
  return list;
}

/// Ends the connection, also where a child that was forked meanwhile has the descriptor too.
void hang_up(int& socket) {
  ::shutdown(socket, SHUT_RDWR);
  ::close(std::exchange(socket, -1));
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
  std::int64_t since_ms = 0;
  std::vector<char> received;
  ~Line() { if (socket >= 0) ::close(socket); }
};

Lifelines::Lifelines(exec::Notifier& wake, int size, LifelineOptions options)
    : wake_(wake), options_(std::move(options)), socket_of_rank_(static_cast<std::size_t>(size), -1),
      ended_(static_cast<std::size_t>(size), false) {
  raise_descriptor_limit(size);
  LifelineAddress address;
  address.addresses = options_.addresses;
  listeners_ = listen_at(address.addresses, std::max(size, 16), address.port);
  if (listeners_.empty() || ::pipe2(stop_pipe_, O_CLOEXEC) != 0) return;
  std::random_device random;
  token_ = (static_cast<std::uint64_t>(random()) << 32) | random();
  char name[256] = "host";
  ::gethostname(name, sizeof name - 1);
  address.host = name;
  address.token = token_;
  if (address.addresses.empty()) address.addresses = own_addresses();
  address_ = to_text(address);
  // Signals are the communication thread's.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Lifelines::~Lifelines() {
  say_farewell();
  if (thread_.joinable()) {
    (void)!::write(stop_pipe_[1], "x", 1);
    thread_.join();
    ::close(stop_pipe_[0]);
    ::close(stop_pipe_[1]);
  }
  for (const int listener : listeners_) ::close(listener);
}

void Lifelines::run() {
  std::vector<pollfd> watched;
  const auto look_every_ms = static_cast<int>(std::clamp<std::uint64_t>(std::min(options_.beat_interval_ms, options_.stranger_ms / 4), 10, 1000));
  for (;;) {
    watched.clear();
    watched.push_back({stop_pipe_[0], POLLIN, 0});
    for (const int listener : listeners_) watched.push_back({listener, POLLIN, 0});
    const std::size_t first_line = watched.size();
    for (const auto& line : lines_) watched.push_back({line->socket, POLLIN, 0});
    const int found = ::poll(watched.data(), watched.size(), look_every_ms);
    if (found > 0) {
      if (watched[0].revents != 0) return;
      // Backwards, so that what is erased or added does not move what is still to be looked at.
      for (std::size_t i = watched.size(); i-- > first_line;) {
        if (watched[i].revents == 0) continue;
        Line& line = *lines_[i - first_line];
        if (line.rank < 0) read_hello(line);
        else read_note(line);
      }
    }
    const std::int64_t now = now_ms();
    close_strangers(now);
    if (found > 0)
      for (std::size_t i = 1; i < first_line; ++i)
        if (watched[i].revents != 0) accept_one(listeners_[i - 1]);
    beat(now);
    look_for_stuck_call();
  }
}

void Lifelines::accept_one(int listener) {
  const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) {
    // Out of descriptors: the rank is known by its heartbeats only. Do not spin on it.
    if (errno == EMFILE || errno == ENFILE) ::poll(nullptr, 0, 100);
    return;
  }
  set_lifeline_options(socket);
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::make_unique<Line>());
  lines_.back()->socket = socket;
  lines_.back()->since_ms = now_ms();
}

/// A port that anybody on the network can reach must not cost more than a few descriptors. Supervisors say who they are with
/// their first packet, so the oldest of too many is a stranger for sure.
void Lifelines::close_strangers(std::int64_t now) {
  const std::lock_guard lock(mutex_);
  std::size_t strangers = 0;
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {  // the newest first
    if ((*line)->rank >= 0 || (*line)->socket < 0) continue;
    const bool is_late = now - (*line)->since_ms > static_cast<std::int64_t>(options_.stranger_ms);
    if (is_late || ++strangers > options_.most_strangers) hang_up((*line)->socket);
  }
  std::erase_if(lines_, [](const auto& line) { return line->socket < 0; });
}

void Lifelines::beat(std::int64_t now) {
  if (now - last_beat_ms_ < static_cast<std::int64_t>(options_.beat_interval_ms)) return;
  last_beat_ms_ = now;
  const std::lock_guard lock(mutex_);
  for (const int socket : socket_of_rank_)
    if (socket >= 0) (void)!::send(socket, &sign_of_life, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Lifelines::say_farewell() {
  const std::lock_guard lock(mutex_);
  said_farewell_ = true;
  for (const int socket : socket_of_rank_)
    if (socket >= 0) (void)!::send(socket, &farewell, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::size_t Lifelines::stranger_count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [](const auto& line) { return line->rank < 0; }));
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
    hang_up(line.socket);
    return;
  }
  line.rank = hello.rank;
  socket_of_rank_[static_cast<std::size_t>(hello.rank)] = line.socket;
  if (::send(line.socket, &token_, sizeof token_, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof token_)) return;
  // A job may be over before a supervisor has found the time to connect.
  if (said_farewell_) (void)!::send(line.socket, &farewell, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// The next note among what was received, if it is there as a whole.
bool Lifelines::take_note(Line& line, PeerDeath& death) {
  DeathNote note;
  if (line.received.size() < sizeof note) return false;
  std::memcpy(&note, line.received.data(), sizeof note);
  const std::size_t size = sizeof note + note.task_count * sizeof(std::uint64_t);
  if (line.received.size() < size) return false;
  death.confirmed = true;
  death.wait_status = note.wait_status;
  death.running.resize(note.task_count);
  if (note.task_count != 0) std::memcpy(death.running.data(), line.received.data() + sizeof note, size - sizeof note);
  line.received.erase(line.received.begin(), line.received.begin() + static_cast<std::ptrdiff_t>(size));
  return true;
}

void Lifelines::read_note(Line& line) {
  char bytes[4096];
  const ssize_t size = ::recv(line.socket, bytes, sizeof bytes, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  PeerDeath death;
  death.rank = line.rank;
  if (size > 0) {
    line.received.insert(line.received.end(), bytes, bytes + size);
    while (take_note(line, death)) heed(death);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    ::close(std::exchange(line.socket, -1));
    socket_of_rank_[static_cast<std::size_t>(line.rank)] = -1;
  }
  heed(death);
}

void Lifelines::heed(const PeerDeath& death) {
  std::function<void()> give_up;
  {
    const std::lock_guard lock(mutex_);
    const auto rank = static_cast<std::size_t>(death.rank);
    if (death.confirmed && death.wait_status == rank_0_given_up) give_up = on_given_up_ ? on_given_up_ : [] {};
    else if (ended_[rank]) return;
    else ended_[rank] = true;
  }
  if (give_up) give_up();
  else report(death);
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

void Lifelines::on_given_up(std::function<void()> act) {
  const std::lock_guard lock(mutex_);
  on_given_up_ = std::move(act);
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

std::vector<int> Lifelines::await_ends(int longest_ms) {
  const std::int64_t begin = now_ms();
  const auto left = [&] {
    const std::lock_guard lock(mutex_);
    std::vector<int> ranks;
    for (std::size_t rank = 0; rank < ended_.size(); ++rank)
      if (socket_of_rank_[rank] >= 0 && !ended_[rank]) ranks.push_back(static_cast<int>(rank));
    return ranks;
  };
  std::vector<int> ranks = left();
  for (; !ranks.empty() && now_ms() - begin < longest_ms; ranks = left()) wake_.wait_for(std::chrono::milliseconds(20));
  for (const int rank : ranks) order_kill(rank);
  return ranks;
}

}  // namespace rankine::transport
