#pragma once
#include <string>
#include <vector>

#include "journal/record.hpp"
#include "place/own_directory.hpp"

namespace rankine::journal {

/// The append-only journal of a run directory. A record that append() has returned from survives the process, and the
/// machine once sync() has returned. Opening cuts off what a crash left half written.
class Journal {
 public:
  /// Creates the file (mode 0600) or opens the one that is there. Throws InputError (no journal, another version),
  /// OutputError (cannot be written), place::NotOurs.
  Journal(const place::OwnDirectory& directory, const std::string& name);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What it held when it was opened.
  const std::vector<Record>& records() const { return records_; }
  std::uint64_t torn_bytes() const { return torn_bytes_; }

  /// Throws OutputError.
  void append(const Record& record);
  void sync();

 private:
  std::string path_;
  place::Descriptor file_;
  std::uint64_t size_ = 0;
  std::uint64_t reserved_ = 0;   ///< the disk has room up to here
  std::vector<Record> records_;
  std::uint64_t torn_bytes_ = 0;
};

/// The records of a journal that nobody has open here; nothing is changed. Throws InputError, place::NotOurs.
std::vector<Record> read_journal(const place::OwnDirectory& directory, const std::string& name);

}  // namespace rankine::journal
