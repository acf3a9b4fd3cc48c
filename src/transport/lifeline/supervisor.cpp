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
#include <optional>
#include <utility>
#include <vector>

#include "transport/lifeline/lifeline_protocol.hpp"

namespace rankine::transport {
namespace {

// The rank's words to its supervisor, one packet each; the first byte is the kind.
constexpr char word_join = 'J', word_last = 'W', word_orderly = 'O', word_why = 'Y';
constexpr std::size_t longest_word = 16000;

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
      const int found = ::poll(watched, 3, ended >= 0 ? look_every_ms() : 50);
      if (found > 0 && watched[1].revents != 0) hear_rank();
      if (found > 0 && watched[2].revents != 0 && line_ >= 0) hear_rank_0();
      int status = 0;
      if (::waitpid(child_, &status, WNOHANG) == child_) {
        hear_rank();  // what it said last
        supervised_child = 0;
        return end(status);
      }
      look_for_standstill();
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
        orderly_status_ = std::atoi(text.c_str());
      } else if (packet[0] == word_last) {
        word_ = text;
      } else if (packet[0] == word_why) {
        why_ = text;
      } else if (packet[0] == word_join) {
        rank_ = std::atoi(text.c_str());
        joined_ = true;
        const auto address = parse_lifeline_address(text.substr(std::min(text.find(' '), text.size() - 1) + 1));
        if (rank_ != 0 && address) line_ = connect_lifeline(*address, rank_);
        heard_ms_ = now_ms();
      }
    }
  }

  /// Nothing tells of a process that is stopped, so whoever may have to notice it looks now and then.
  int look_every_ms() const {
    if (!joined_ || (rank_ != 0 && line_ < 0)) return -1;
    return static_cast<int>(std::clamp<std::uint64_t>((rank_ == 0 ? options_.stopped_ms : options_.silence_ms) / 8, 10, 1000));
  }

  void look_for_standstill() {
    if (look_every_ms() < 0) return;
    const std::int64_t now = now_ms();
    // A job that was suspended as a whole stands still for no fault of its own, and has the full time once it goes on.
    const bool was_suspended = now - std::exchange(looked_ms_, now) > std::max(3'000, 3 * look_every_ms());
    if (rank_ == 0) {
      siginfo_t stopped{};
      const bool is_stopped = ::waitid(P_PID, static_cast<id_t>(child_), &stopped, WSTOPPED | WNOWAIT | WNOHANG) == 0 && stopped.si_pid != 0;
      if (!is_stopped || was_suspended || stopped_since_ms_ < 0) stopped_since_ms_ = is_stopped ? now : -1;
      if (stopped_since_ms_ < 0 || now - stopped_since_ms_ < static_cast<std::int64_t>(options_.stopped_ms)) return;
      why_ = "was stopped (" + std::string(::strsignal(stopped.si_status)) + ") for " + std::to_string(options_.stopped_ms / 1000) + " s and was ended";
      ::kill(child_, SIGKILL);
      return;
    }
    if (was_suspended) heard_ms_ = now;
    if (now - heard_ms_ < static_cast<std::int64_t>(options_.silence_ms)) return;
    give_rank_0_up();
    ::close(std::exchange(line_, -1));
    ::kill(child_, SIGKILL);
  }

  void give_rank_0_up() {
    rank_0_gone_ = "has given no sign of life for " + std::to_string(options_.silence_ms / 1000) + " s";
    const DeathNote note{rank_0_given_up, 0};
    send_all(line_, &note, sizeof note);
  }

  void hear_rank_0() {
    char words[64];
    const ssize_t size = ::recv(line_, words, sizeof words, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    for (ssize_t i = 0; i < size; ++i) {
      heard_ms_ = now_ms();
      if (words[i] == kill_order) ::kill(child_, SIGKILL);
      if (words[i] == farewell) said_farewell_ = true;
    }
    if (size > 0) return;
    ::close(std::exchange(line_, -1));
    // The end of the line is that of the process; what else may befall a line is the network's.
    if (size == 0 && !said_farewell_) rank_0_gone_ = "has gone without a word";
    // Rank 0 is gone, in order or not: without it a rank has nothing to do.
    siginfo_t gone{};
    for (int waited = 0; waited < options_.orphan_grace_ms && gone.si_pid == 0; waited += 20) {
      if (::waitid(P_PID, static_cast<id_t>(child_), &gone, WEXITED | WNOWAIT | WNOHANG) != 0) break;
      if (gone.si_pid == 0) ::poll(nullptr, 0, 20);
    }
    if (gone.si_pid == 0) ::kill(child_, SIGKILL);
  }

  int end(int status) {
    const bool failed = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (orderly_status_) code = WIFSIGNALED(status) ? *orderly_status_ : code;
    else if (failed && options_.on_death) code = options_.on_death({status, word_, why_});
    if (!joined_ || rank_ == 0) return code;
    if (line_ < 0) return rank_0_gone_.empty() ? 0 : end_without_rank_0();
    const std::vector<std::uint64_t> labels = tasks_.list();
    const DeathNote note{status, static_cast<std::uint32_t>(labels.size())};
    std::vector<char> bytes(sizeof note + labels.size() * sizeof labels[0]);
    std::memcpy(bytes.data(), &note, sizeof note);
    if (!labels.empty()) std::memcpy(bytes.data() + sizeof note, labels.data(), labels.size() * sizeof labels[0]);
    send_all(line_, bytes.data(), bytes.size());
    if (!failed) return 0;
    // A launcher that is not told to tolerate it ends the job when a process leaves early: stay until rank 0 has gone.
    heard_ms_ = now_ms();
    for (;;) {
      char words[64];
      const bool has_words = poll_one(line_, POLLIN, look_every_ms());
      if (!has_words) errno = EAGAIN;
      const ssize_t size = has_words ? ::recv(line_, words, sizeof words, MSG_DONTWAIT) : -1;
      const std::int64_t now = now_ms();
      const bool was_suspended = now - std::exchange(looked_ms_, now) > std::max(3'000, 3 * look_every_ms());
      if (size > 0 || was_suspended) heard_ms_ = now;
      for (ssize_t i = 0; i < size; ++i) said_farewell_ = said_farewell_ || words[i] == farewell;
      if (size == 0 && !said_farewell_) rank_0_gone_ = "has gone without a word";
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) break;
      if (now - heard_ms_ < static_cast<std::int64_t>(options_.silence_ms)) continue;
      give_rank_0_up();
      break;
    }
    return rank_0_gone_.empty() ? 0 : end_without_rank_0();
  }

  /// Rank 0's own supervisor speaks first, if it can, and the launcher ends this process then.
  int end_without_rank_0() const {
    ::poll(nullptr, 0, rank_ == 1 ? options_.others_speak_ms : 2 * options_.others_speak_ms);
    return options_.on_rank_0_gone ? options_.on_rank_0_gone(rank_0_gone_) : 1;
  }

  pid_t child_;
  int control_;
  const RunningTasks& tasks_;
  SuperviseOptions options_;
  int line_ = -1;
  int rank_ = -1;
  bool joined_ = false;    ///< the job has formed
  std::optional<int> orderly_status_;
  std::string word_;
  std::string why_;               ///< the rank has ended: this supervisor saw to it, or the rank has said so
  bool said_farewell_ = false;    ///< rank 0
  std::string rank_0_gone_;       ///< how; empty: it is there, or left in order
  std::int64_t looked_ms_ = now_ms(), heard_ms_ = now_ms(), stopped_since_ms_ = -1;
};

void say(int control, char kind, const std::string& text) {
  if (control < 0) return;
  std::string packet = kind + text.substr(0, longest_word);
  while (::send(control, packet.data(), packet.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

}  // namespace

Supervision::Supervision(Supervision&& other) noexcept
    : control_(std::exchange(other.control_, -1)), tasks_(std::move(other.tasks_)), supervisor_(other.supervisor_) {}
Supervision& Supervision::operator=(Supervision&& other) noexcept {
  std::swap(control_, other.control_);
  std::swap(tasks_, other.tasks_);
  std::swap(supervisor_, other.supervisor_);
  return *this;
}
Supervision::~Supervision() {
  if (control_ >= 0) ::close(control_);
}
void Supervision::join_job(int rank, const std::string& lifeline_address) const {
  say(control_, word_join, std::to_string(rank) + " " + lifeline_address);
}
void Supervision::leave_word(const std::string& text) const { say(control_, word_last, text); }
void Supervision::end_orderly(int status) const { say(control_, word_orderly, std::to_string(status)); }
void Supervision::end_because(const std::string& why) const {
  say(control_, word_why, why);
  for (;;) ::kill(::getpid(), SIGKILL);
}
void Supervision::wake_supervisor() const { wake(supervisor_); }

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
    return Supervision(control[1], std::move(tasks), identify(parent));
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
