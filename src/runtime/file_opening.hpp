#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exec/notifier.hpp"
#include "exec/thread_pool.hpp"
#include "store/opened_file.hpp"
#include "wire/messages.hpp"

namespace rankine::runtime {

/// What all workers are to learn of files: metadata with small chunk indexes and coordinates, or the chunk indexes of
/// arrays that are known.
struct OpeningRequest {
  std::vector<std::string> paths;
  store::CatalogueOptions options;
  std::string cache_folder;                         ///< of store::IndexCache; empty: none
  std::vector<array::StoredArrayPtr> arrays;        ///< instead of paths
  std::size_t size() const { return arrays.empty() ? paths.size() : arrays.size(); }
};

/// Rank 0's side: hands files out in small batches, so that one slow file keeps nobody else waiting, and puts the
/// answers in order. No I/O and no clock: what arrives and who is lost is told to it.
class FileOpening {
 public:
  using Send = std::function<void(int rank, const wire::OpenFiles&)>;
  struct Peer {
    int rank = 0;
    unsigned threads = 1;
  };
  /// There is at least one peer.
  FileOpening(std::uint32_t number, OpeningRequest request, std::vector<Peer> peers, Send send);

  /// An answer; of another opening, or of files that another peer has answered for, it is dropped.
  void on_opened(int rank, const wire::FilesOpened& opened);
  /// Its files go to the others. Throws Error(resources) if nobody is left.
  void on_peer_lost(int rank);
  bool done() const { return remaining_ == 0; }
  std::size_t size() const { return files_.size(); }
  std::size_t answered_count() const { return files_.size() - remaining_; }

  /// By the order of paths. Of arrays the indexes have gone into the arrays.
  std::vector<store::OpenedFile> take_files() { return std::move(files_); }
  /// First failure in the order asked for, with how many others failed; throws it. Nothing if all went well.
  void throw_failures() const;

 private:
  struct Batch {
    std::size_t begin = 0, end = 0;
  };
  void feed(const Peer& peer);

  std::uint32_t number_;
  OpeningRequest request_;
  std::vector<Peer> peers_;
  Send send_;
  std::deque<Batch> waiting_;
  std::map<int, std::vector<Batch>> open_;   ///< by rank
  std::vector<store::OpenedFile> files_;
  std::vector<std::uint8_t> answered_;
  std::size_t remaining_ = 0;
};

/// A worker's side: opens files on threads of its own while no tasks run. Driven by the communication thread.
class FileOpener {
 public:
  /// What is to be known of one file. Whatever it throws is that file's error, told to rank 0 like any other.
  using Learn = std::function<store::OpenedFile(const std::string& path, const OpeningRequest&, store::Reader&)>;
  /// Without `learn`: store::learn_file.
  FileOpener(unsigned threads, exec::Notifier& notifier, Learn learn = {});

  void handle(const wire::OpenFiles& request);
  /// Gives what is finished to `send`. True if anything was.
  bool pump(const std::function<void(const wire::FilesOpened&)>& send);
 private:
  unsigned threads_;
  exec::Notifier& notifier_;
  Learn learn_;
  store::Reader reader_;
  std::map<std::uint64_t, std::shared_ptr<wire::FilesOpened>> running_;
  std::uint64_t next_ticket_ = 0;
  std::unique_ptr<exec::ThreadPool> pool_;   ///< started by the first request; joined before the rest goes
};

/// The same in one process, for what has no ranks (rankine plan).
std::vector<store::OpenedFile> open_files_here(const OpeningRequest& request, unsigned threads);

/// Throws what is wrong with any of the files, several at once by name.
void throw_failures(const std::vector<store::OpenedFile>& files);

}  // namespace rankine::runtime
