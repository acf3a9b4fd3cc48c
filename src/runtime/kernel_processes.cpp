#include "runtime/kernel_processes.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "runtime/kernel_call_frame.hpp"

namespace rankine::runtime {
namespace {

[[noreturn]] void fail(const char* what) {
  throw Error(ExitCode::resources, std::string("--isolate-tasks: cannot ") + what + ": " + std::strerror(errno));
}

/// An open file that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::pair<Descriptor, Descriptor> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("make a socket");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

template <typename Message>
bool send_message(int socket, const Message& message) {
  ssize_t sent = 0;
  do sent = ::send(socket, &message, sizeof message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof message);
}

/// False if the other end is gone.
template <typename Message>
bool receive_message(int socket, Message& message) {
  ssize_t received = 0;
  do received = ::recv(socket, &message, sizeof message, 0);
  while (received < 0 && errno == EINTR);
  return received == static_cast<ssize_t>(sizeof message);
}

/// Memory that two processes share, by its descriptor; grows and never shrinks.
class SharedMemory {
 public:
  explicit SharedMemory(Descriptor file) : file_(std::move(file)) {}
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() {
    if (address_ != nullptr) ::munmap(address_, bytes_);
  }
  int descriptor() const { return file_.number(); }
  /// Mapped, whoever made the file so large.
  std::span<std::byte> map(std::size_t bytes) {
    if (bytes > bytes_) {
      if (address_ != nullptr) ::munmap(std::exchange(address_, nullptr), std::exchange(bytes_, 0));
      void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number(), 0);
      if (address == MAP_FAILED) fail("map memory for a kernel");
      address_ = static_cast<std::byte*>(address);
      bytes_ = bytes;
    }
    return {address_, bytes_};
  }
  /// Takes the memory before it is touched, where being out of it is an error and no signal.
  void grow(std::size_t bytes) {
    if (bytes > bytes_ && ::fallocate(file_.number(), 0, 0, static_cast<off_t>(bytes)) != 0) fail("get memory for a kernel");
  }

 private:
  Descriptor file_;
  std::byte* address_ = nullptr;
  std::size_t bytes_ = 0;
};

/// What a thread asks the process from which kernel processes are forked.
struct Request {
  enum class Kind { start, how_it_ended } kind = Kind::start;
  pid_t process = 0;
};

/// A request on its way; one to start has the new process's socket and shared memory with it.
struct RequestMessage {
  explicit RequestMessage(Request& request) : part{&request, sizeof request} {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = space;
    header.msg_controllen = sizeof space;
  }
  RequestMessage(const RequestMessage&) = delete;
  RequestMessage& operator=(const RequestMessage&) = delete;

  iovec part;
  alignas(cmsghdr) char space[CMSG_SPACE(2 * sizeof(int))] = {};
  msghdr header{};
};

bool send_request(int socket, Request request, const int (&descriptors)[2]) {
  RequestMessage message(request);
  cmsghdr* with = CMSG_FIRSTHDR(&message.header);
  with->cmsg_level = SOL_SOCKET;
  with->cmsg_type = SCM_RIGHTS;
  with->cmsg_len = CMSG_LEN(sizeof descriptors);
  std::memcpy(CMSG_DATA(with), descriptors, sizeof descriptors);
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &message.header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof request);
}

bool receive_request(int socket, Request& request, int (&descriptors)[2]) {
  RequestMessage message(request);
  ssize_t received = 0;
  do received = ::recvmsg(socket, &message.header, 0);
  while (received < 0 && errno == EINTR);
  if (received != static_cast<ssize_t>(sizeof request)) return false;
  const cmsghdr* with = CMSG_FIRSTHDR(&message.header);
  if (with != nullptr && with->cmsg_len == CMSG_LEN(sizeof descriptors))
    std::memcpy(descriptors, CMSG_DATA(with), sizeof descriptors);
  return true;
}

/// Dies with its parent, and leaves the signals that end a job to it.
void become_helper(const char* name) {
  ::prctl(PR_SET_NAME, name);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(number, SIG_DFL);
}

/// The process of one thread: runs what it is told to until the thread is gone.
[[noreturn]] void serve_calls(int socket, int memory) {
  become_helper("rankine-kernel");
  SharedMemory shared{Descriptor(memory)};
  std::uint64_t bytes = 0;
  while (receive_message(socket, bytes)) {
    std::int32_t result = -1;
    try {
      const SharedKernelCall request(shared.map(bytes).first(bytes));
      result = function_of(kernel::user_kernel(request.kernel()), request.stage())(&request.call());
    } catch (const Error& error) {
      std::fprintf(stderr, "rankine: a kernel's process: %s\n", printable_message(error.what()).c_str());
      ::_exit(EXIT_FAILURE);
    }
    std::fflush(nullptr);
    if (!send_message(socket, result)) break;
  }
  ::_exit(EXIT_SUCCESS);
}

/// The process from which the threads' are forked: of one thread, without MPI, small.
[[noreturn]] void serve_requests(int control) {
  become_helper("rankine-kernels");
  Request request;
  int given[2] = {-1, -1};
  while (receive_request(control, request, given)) {
    int answer = 0;
    if (request.kind == Request::Kind::how_it_ended) {
      while (::waitpid(request.process, &answer, 0) < 0 && errno == EINTR) {}
    } else {
      answer = ::fork();
      if (answer == 0) {
        ::close(control);
        serve_calls(given[0], given[1]);
      }
      if (answer < 0) answer = -errno;
      ::close(given[0]);
      ::close(given[1]);
    }
    if (!send_message(control, answer)) break;
  }
  ::_exit(EXIT_SUCCESS);
}

/// The way to it, for all threads.
class KernelForker {
 public:
  explicit KernelForker(Descriptor control) : control_(std::move(control)) {}
  int ask(Request request, int socket, int memory) {
    const std::lock_guard lock(mutex_);
    int answer = 0;
    const bool asked = request.kind == Request::Kind::start ? send_request(control_.number(), request, {socket, memory})
                                                            : send_message(control_.number(), request);
    if (!asked || !receive_message(control_.number(), answer))
      throw Error(ExitCode::task_failed, "the process that starts those of user kernels is gone");
    return answer;
  }

 private:
  std::mutex mutex_;
  Descriptor control_;
};

KernelForker* forker = nullptr;

std::string describe_end(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return "ended its process with status " + std::to_string(WEXITSTATUS(wait_status));
  const char* name = ::sigabbrev_np(WTERMSIG(wait_status));
  return std::string("crashed (SIG") + (name != nullptr ? name : "?") + ") in its own process";
}

class KernelProcess {
 public:
  KernelProcess() : memory_(Descriptor(::memfd_create("rankine-kernel", MFD_CLOEXEC))) {
    if (memory_.descriptor() < 0) fail("make memory that processes share");
    auto [ours, theirs] = socket_pair();
    process_ = forker->ask({Request::Kind::start, 0}, theirs.number(), memory_.descriptor());
    if (process_ < 0) {
      errno = -process_;
      fail("start a kernel's process");
    }
    socket_ = std::move(ours);
  }

  int call(const kernel::UserKernel& kernel, kernel::UserStage stage, const rankine_kernel_call& call) {
    const KernelCallLayout layout(kernel, stage, call);
    memory_.grow(layout.bytes());
    const auto shared = memory_.map(layout.bytes());
    layout.write_call(shared);
    const std::uint64_t bytes = layout.bytes();
    std::int32_t result = 0;
    if (!send_message(socket_.number(), bytes) || !receive_message(socket_.number(), result)) {
      const int wait_status = forker->ask({Request::Kind::how_it_ended, process_}, -1, -1);
      throw Error(ExitCode::task_failed, "kernel '" + kernel.full_name() + "' " + describe_end(wait_status));
    }
    layout.read_result(shared);
    return result;
  }

 private:
  SharedMemory memory_;
  Descriptor socket_;
  int process_ = 0;
};

int call_isolated(const kernel::UserKernel& kernel, kernel::UserStage stage, const rankine_kernel_call& call) {
  thread_local std::unique_ptr<KernelProcess> process;
  if (!process) process = std::make_unique<KernelProcess>();
  try {
    return process->call(kernel, stage, call);
  } catch (...) {
    process.reset();
    throw;
  }
}

}  // namespace

void isolate_user_kernels() {
  auto [ours, theirs] = socket_pair();
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process < 0) fail("start a process");
  if (process == 0) {
    // What else is open belongs to the parent: pipes whose end others wait for, locks.
    constexpr int control = STDERR_FILENO + 1;
    if (theirs.number() != control) ::dup2(theirs.number(), control);
    ::close_range(control + 1, ~0U, 0);
    if (::getppid() != parent) ::_exit(EXIT_FAILURE);
    serve_requests(control);
  }
  static KernelForker only(std::move(ours));
  forker = &only;
  kernel::set_user_kernel_caller(call_isolated);
}

}  // namespace rankine::runtime
