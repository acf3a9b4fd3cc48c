#include "transport/lifeline/supervisor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "transport/lifeline/lifeline_protocol.hpp"

namespace rankine::transport {
namespace {

// The rank's words to its supervisor, one packet each; the first byte is the kind.
constexpr char word_join = 'J', word_last = 'W', word_orderly = 'O';
constexpr std::size_t longest_word = 16000;

/// A rank whose rank 0 has gone may end by itself for so long.
constexpr int orphan_grace_ms = 5000;
constexpr int connect_timeout_ms = 3000;

constexpr int forwarded_signals[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP};
volatile sig_atomic_t supervised_child = 0;

extern "C" void forward_signal(int number) {
  const int saved = errno;
  if (supervised_child > 0) ::kill(static_cast<pid_t>(supervised_child), number);
  errno = saved;
}

bool has_one_thread() {
  std::error_code error;
  std::size_t threads = 0;
  for (std::filesystem::directory_iterator it("/proc/self/task", error), end; !error && it != end; it.increment(error)) ++threads;
  return threads <= 1;
}

bool poll_one(int descriptor, short events, int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd p{descriptor, events, 0};
    const int found = ::poll(&p, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (found > 0) return true;
    if (found == 0 || errno != EINTR) return false;
  }
}

bool send_all(int socket, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = ::send(socket, at, size, MSG_NOSIGNAL);
    if (sent > 0) {
      at += sent;
      size -= static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      if (!poll_one(socket, POLLOUT, connect_timeout_ms)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// A connection to rank 0, known to be to our rank 0 by its answer; -1 if this address leads nowhere.
int connect_lifeline(const std::string& host, const LifelineAddress& address, int rank) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return -1;
  const int line = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool connected = false;
  if (line >= 0) {
    const int begun = ::connect(line, found->ai_addr, found->ai_addrlen);
    int error = 0;
    socklen_t size = sizeof error;
    connected = begun == 0 || (errno == EINPROGRESS && poll_one(line, POLLOUT, connect_timeout_ms) &&
                               ::getsockopt(line, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0);
  }
  ::freeaddrinfo(found);
  std::uint64_t answer = 0;
  if (connected) {
    set_lifeline_options(line);
    const LifelineHello hello{address.token, rank, 0};
    connected = send_all(line, &hello, sizeof hello) && poll_one(line, POLLIN, connect_timeout_ms) &&
                ::recv(line, &answer, sizeof answer, MSG_WAITALL) == sizeof answer && answer == address.token;
  }
  if (connected) return line;
  if (line >= 0) ::close(line);
  return -1;
}

int connect_lifeline(const LifelineAddress& address, int rank) {
  char own_name[256] = {};
  ::gethostname(own_name, sizeof own_name - 1);
  if (address.host == own_name)
    if (const int line = connect_lifeline("127.0.0.1", address, rank); line >= 0) return line;
  for (const auto& one : address.addresses)
    if (const int line = connect_lifeline(one, address, rank); line >= 0) return line;
  return -1;
}

/// The supervisor's life, from the fork to its exit status.
class Supervisor {
 public:
  Supervisor(pid_t child, int control, const RunningTasks& tasks, SuperviseOptions options)
      : child_(child), control_(control), tasks_(tasks), options_(std::move(options)) {}

  int watch() {
    const int ended = static_cast<int>(::syscall(SYS_pidfd_open, child_, 0));
    for (;;) {
      // Without pidfd_open (Linux before 5.3) the child is looked at now and then.
      pollfd watched[3] = {{ended, POLLIN, 0}, {control_, POLLIN, 0}, {line_, POLLIN, 0}};
      const int found = ::poll(watched, 3, ended >= 0 ? -1 : 50);
      if (found < 0) continue;  // a signal, which was handed on
      if (watched[1].revents != 0) hear_rank();
      if (watched[2].revents != 0 && line_ >= 0) hear_rank_0();
      int status = 0;
      if (::waitpid(child_, &status, WNOHANG) == child_) {
        hear_rank();  // what it said last
        supervised_child = 0;
        return end(status);
      }
    }
  }

 private:
  void hear_rank() {
    std::vector<char> packet(longest_word + 1);
    for (;;) {
      const ssize_t size = control_ < 0 ? 0 : ::recv(control_, packet.data(), packet.size(), MSG_DONTWAIT);
      if (size <= 0) {
        if (size == 0 && control_ >= 0) {
          ::close(control_);
          control_ = -1;
        }
        return;
      }
      const std::string text(packet.data() + 1, static_cast<std::size_t>(size - 1));
      if (packet[0] == word_orderly) {
        orderly_ = true;
      } else if (packet[0] == word_last) {
        word_ = text;
      } else if (packet[0] == word_join) {
        rank_ = std::atoi(text.c_str());
        joined_ = true;
        const auto address = parse_lifeline_address(text.substr(std::min(text.find(' '), text.size() - 1) + 1));
        if (rank_ != 0 && address) line_ = connect_lifeline(*address, rank_);
      }
    }
  }

  void hear_rank_0() {
    char order = 0;
    const ssize_t size = ::recv(line_, &order, 1, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size == 1) {
      if (order == kill_order) ::kill(child_, SIGKILL);
      return;
    }
    ::close(line_);
    line_ = -1;
    // Rank 0 is gone, in order or not: without it a rank has nothing to do.
    siginfo_t gone{};
    for (int waited = 0; waited < orphan_grace_ms && gone.si_pid == 0; waited += 20) {
      if (::waitid(P_PID, static_cast<id_t>(child_), &gone, WEXITED | WNOWAIT | WNOHANG) != 0) break;
      if (gone.si_pid == 0) ::poll(nullptr, 0, 20);
    }
    if (gone.si_pid == 0) ::kill(child_, SIGKILL);
  }

  int end(int status) {
    const bool failed = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (failed && !orderly_ && options_.on_death) code = options_.on_death(status, word_);
    if (!joined_ || rank_ == 0) return code;
    if (line_ < 0) return 0;
    const std::vector<std::uint64_t> labels = tasks_.list();
    const DeathNote note{status, static_cast<std::uint32_t>(labels.size())};
    std::vector<char> bytes(sizeof note + labels.size() * sizeof labels[0]);
    std::memcpy(bytes.data(), &note, sizeof note);
    if (!labels.empty()) std::memcpy(bytes.data() + sizeof note, labels.data(), labels.size() * sizeof labels[0]);
    send_all(line_, bytes.data(), bytes.size());
    // A launcher that is not told to tolerate it ends the job when a process leaves early: stay until rank 0 has gone.
    if (failed)
      for (char order = 0;;) {
        const ssize_t size = poll_one(line_, POLLIN, 60'000) ? ::recv(line_, &order, 1, MSG_DONTWAIT) : -1;
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) break;
      }
    return 0;
  }

  pid_t child_;
  int control_;
  const RunningTasks& tasks_;
  SuperviseOptions options_;
  int line_ = -1;
  int rank_ = -1;
  bool joined_ = false;    ///< the job has formed
  bool orderly_ = false;
  std::string word_;
};

void say(int control, char kind, const std::string& text) {
  if (control < 0) return;
  std::string packet = kind + text.substr(0, longest_word);
  while (::send(control, packet.data(), packet.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

}  // namespace

Supervision::Supervision(Supervision&& other) noexcept
    : control_(std::exchange(other.control_, -1)), tasks_(std::move(other.tasks_)) {}
Supervision& Supervision::operator=(Supervision&& other) noexcept {
  std::swap(control_, other.control_);
  std::swap(tasks_, other.tasks_);
  return *this;
}
Supervision::~Supervision() {
  if (control_ >= 0) ::close(control_);
}
void Supervision::join_job(int rank, const std::string& lifeline_address) const {
  say(control_, word_join, std::to_string(rank) + " " + lifeline_address);
}
void Supervision::leave_word(const std::string& text) const { say(control_, word_last, text); }
void Supervision::end_orderly() const { say(control_, word_orderly, ""); }

Supervision supervise(SuperviseOptions options) {
  if (!has_one_thread()) return {};
  auto tasks = std::make_unique<RunningTasks>();
  int control[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) return {};
  std::fflush(nullptr);
  // Signals that come between the fork and the handlers wait.
  sigset_t blocked, before;
  sigemptyset(&blocked);
  for (const int number : forwarded_signals) sigaddset(&blocked, number);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::close(control[0]);
    ::close(control[1]);
    return {};
  }
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::close(control[0]);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return Supervision(control[1], std::move(tasks));
  }
  ::close(control[1]);
  ::prctl(PR_SET_NAME, "rankine-watch");
  supervised_child = child;
  struct sigaction action {};
  action.sa_handler = forward_signal;
  for (const int number : forwarded_signals) {
    struct sigaction old {};
    ::sigaction(number, nullptr, &old);
    if (old.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);
  }
  ::signal(SIGPIPE, SIG_IGN);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  Supervisor supervisor(child, control[0], *tasks, std::move(options));
  ::_exit(supervisor.watch());
}

}  // namespace rankine::transport
