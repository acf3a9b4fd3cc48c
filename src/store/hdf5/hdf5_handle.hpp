#pragma once
#include <hdf5.h>

#include <string>
#include <utility>

namespace rankine::store {

/// Owner of one hid_t. Everything here is used under the library lock.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Handle() { if (id_ >= 0) close_(id_); }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  operator hid_t() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  /// False if the library reports that closing failed. Either way the handle is given up.
  bool close() { return id_ < 0 || close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// Stops libhdf5 from printing its error stack; failures are converted into our exceptions.
void silence_hdf5();
/// The innermost description on libhdf5's error stack: "unable to open file: ... No such file or directory".
std::string hdf5_error_text();

/// Throws InputError naming the path.
Hdf5Handle open_hdf5_file(const std::string& path);
/// The dataset that holds the NetCDF variable ("v", "group/v"): netcdf-c renames a variable that has the name of a
/// dim but is no coordinate. `external_prefix`: where the files of external raw data lie, if not null. An invalid
/// handle if there is none.
Hdf5Handle open_variable(hid_t file, const std::string& variable, const char* external_prefix = nullptr);

}  // namespace rankine::store
