#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace rankine::store {

/// A file system, or the user's quota on it, has no room for what was to be written there.
struct DiskFullError : OutputError {
  DiskFullError(const std::string& message, std::string full_path, std::uint64_t bytes)
      : OutputError(message), path(std::move(full_path)), needed_bytes(bytes) {}
  std::string path;
  std::uint64_t needed_bytes = 0;   ///< by the write that met it
};

/// Whether a reason given by the system or a library, which give no numbers, is that of a full disk or quota.
bool tells_of_full_disk(const std::string& reason);

/// Throws `what: reason` as a DiskFullError if the reason is one, else as an OutputError.
[[noreturn]] void throw_not_written(const std::string& what, const std::string& reason, const std::string& path,
                                    std::uint64_t needed_bytes = 0);
[[noreturn]] void throw_not_written(const std::string& what, int error, const std::string& path,
                                    std::uint64_t needed_bytes = 0);

/// What the file system of `path` has left for this user; 0 if it does not say. Quotas are not seen.
std::uint64_t free_bytes(const std::string& path);

/// Where writing threads wait until a full disk has room again. Off until it is enabled: then errors are thrown at once.
class RoomWait {
 public:
  struct Notice {
    std::uint32_t waiting = 0;      ///< threads
    std::string path;               ///< of the output, of the last of them
    std::uint64_t needed_bytes = 0;
    std::uint64_t free_bytes = 0;
    bool operator==(const Notice&) const = default;
  };

  /// `changed` is called from any thread when there is another notice.
  void enable(std::function<void()> changed);
  /// Whoever waits throws what was met, and nobody waits until begin().
  void give_up();
  void begin();
  Notice notice() const;

  /// Writes a part of `output`, again and again until there is room. `write` must do no harm when it is done twice.
  template <typename Write>
  auto until_written(const std::string& output, const Write& write) {
    std::optional<Waiting> waiting;
    while (true) {
      try {
        return write();
      } catch (const DiskFullError& error) {
        if (!may_wait()) throw;
        if (!waiting) waiting.emplace(*this, output);
        if (!waiting->wait(error)) throw;
      }
    }
  }

 private:
  class Waiting {
   public:
    Waiting(RoomWait& room, const std::string& output) : room_(room), output_(output) {}
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    /// False: given up.
    bool wait(const DiskFullError& error);

   private:
    RoomWait& room_;
    const std::string& output_;
    bool counted_ = false;
  };
  bool may_wait() const;

  mutable std::mutex mutex_;
  std::condition_variable given_up_;
  std::function<void()> changed_;
  bool enabled_ = false;
  bool over_ = false;
  Notice notice_;
};

}  // namespace rankine::store
