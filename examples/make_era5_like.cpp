/// Writes a NetCDF-4 file like ERA5's 2 m temperature: float32, deflate and shuffle, 6-hourly, 1 degree.
///
///     make_era5_like OUTPUT [STEPS [CHUNK_TIME CHUNK_LAT CHUNK_LON]]      (default 3836 steps: 1 GB, 64 91 180)
///
/// The field has a climate (latitude, season, time of day) and weather (random patterns of several sizes that
/// change over hours to days), and is rounded to 1/256 K, as unpacked GRIB data are, so that it compresses as
/// reanalysis files do. The same arguments always give the same file. The chunks are compressed on all cores
/// here and handed over finished: the NetCDF library would compress them on one.
#include <hdf5.h>
#include <libdeflate.h>
#include <netcdf.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t lat_count = 181;
constexpr std::size_t lon_count = 360;
constexpr int hours_per_step = 6;
constexpr int first_hour = 876576;  // 2000-01-01 in hours since 1900-01-01
constexpr int deflate_level = 4;

struct ChunkShape {
  std::size_t time = 64, lat = 91, lon = 180;
};

/// A random number in [-1, 1] that belongs to these coordinates.
float hashed(std::uint64_t pattern, std::uint64_t t, std::uint64_t y, std::uint64_t x) {
  std::uint64_t h = pattern * 0x9E3779B97F4A7C15ull + t * 0xC2B2AE3D27D4EB4Full + y * 0x165667B19E3779F9ull + x;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9ull;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBull;
  h ^= h >> 31;
  return static_cast<float>(static_cast<std::int64_t>(h >> 40) - (1 << 23)) / static_cast<float>(1 << 23);
}

/// Random patterns `degrees` wide that live about `steps` time steps: random numbers on a coarse grid,
/// interpolated smoothly in time and space, periodic in longitude.
struct Weather {
  std::uint64_t pattern;
  std::size_t degrees;
  std::size_t steps;
  float amplitude_k;

  void add_to(std::size_t step, float* field) const {
    const std::size_t columns = lon_count / degrees;
    const std::size_t rows = (lat_count - 1) / degrees + 2;
    const std::size_t before = step / steps;
    const float part = static_cast<float>(step % steps) / static_cast<float>(steps);
    const float weight = part * part * (3 - 2 * part);
    std::vector<float> coarse(rows * (columns + 1));
    for (std::size_t y = 0; y < rows; ++y) {
      for (std::size_t x = 0; x <= columns; ++x) {
        const float a = hashed(pattern, before, y, x % columns);
        const float b = hashed(pattern, before + 1, y, x % columns);
        coarse[y * (columns + 1) + x] = amplitude_k * ((1 - weight) * a + weight * b);
      }
    }
    std::vector<float> row(columns + 1);
    for (std::size_t lat = 0; lat < lat_count; ++lat) {
      const float* upper = &coarse[lat / degrees * (columns + 1)];
      const float* lower = upper + columns + 1;
      const float down = static_cast<float>(lat % degrees) / static_cast<float>(degrees);
      for (std::size_t x = 0; x <= columns; ++x) row[x] = (1 - down) * upper[x] + down * lower[x];
      float* out = field + lat * lon_count;
      for (std::size_t x = 0; x < columns; ++x) {
        const float slope = (row[x + 1] - row[x]) / static_cast<float>(degrees);
        for (std::size_t i = 0; i < degrees; ++i) out[x * degrees + i] += row[x] + slope * static_cast<float>(i);
      }
    }
  }
};

/// The field of one time step, in K.
void make_field(std::size_t step, float* field) {
  static const Weather weathers[] = {{1, 20, 24, 6.f}, {2, 10, 10, 3.f}, {3, 4, 4, 1.2f}, {4, 1, 1, 0.25f}};
  const double hours = static_cast<double>(step) * hours_per_step;
  const double season = 2 * std::numbers::pi * (hours / 24 - 20) / 365.25;
  for (std::size_t lat = 0; lat < lat_count; ++lat) {
    const double north = (90.0 - static_cast<double>(lat)) * std::numbers::pi / 180;
    const double mean = 299 - 48 * std::pow(std::sin(north), 2) - 8 * std::sin(north);
    const double seasonal = -14 * std::sin(north) * std::cos(season);
    const double diurnal = 4 * std::cos(north);
    for (std::size_t lon = 0; lon < lon_count; ++lon) {
      const double local_hour = hours + static_cast<double>(lon) / 15;
      // Four times a day only 6-hourly phases occur: a table of them would not be shorter than this.
      const double day = std::cos(2 * std::numbers::pi * (local_hour - 14) / 24);
      field[lat * lon_count + lon] = static_cast<float>(mean + seasonal + diurnal * day);
    }
  }
  for (const Weather& weather : weathers) weather.add_to(step, field);
  for (std::size_t i = 0; i < lat_count * lon_count; ++i) field[i] = std::nearbyint(field[i] * 256) / 256;
}

void check_netcdf(int status, const std::string& doing) {
  if (status != NC_NOERR) throw std::runtime_error(doing + ": " + nc_strerror(status));
}

void put_text(int file, int variable, const char* name, const std::string& text) {
  check_netcdf(nc_put_att_text(file, variable, name, text.size(), text.c_str()), name);
}

/// Everything except the values of t2m, by the NetCDF library.
void write_header(const std::string& path, std::size_t steps, const ChunkShape& chunk) {
  int file = 0, time_dim = 0, lat_dim = 0, lon_dim = 0, time = 0, lat = 0, lon = 0, t2m = 0;
  check_netcdf(nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file), "creating " + path);
  check_netcdf(nc_def_dim(file, "time", steps, &time_dim), "time");
  check_netcdf(nc_def_dim(file, "latitude", lat_count, &lat_dim), "latitude");
  check_netcdf(nc_def_dim(file, "longitude", lon_count, &lon_dim), "longitude");
  check_netcdf(nc_def_var(file, "time", NC_INT, 1, &time_dim, &time), "time");
  check_netcdf(nc_def_var(file, "latitude", NC_FLOAT, 1, &lat_dim, &lat), "latitude");
  check_netcdf(nc_def_var(file, "longitude", NC_FLOAT, 1, &lon_dim, &lon), "longitude");
  const int dims[] = {time_dim, lat_dim, lon_dim};
  check_netcdf(nc_def_var(file, "t2m", NC_FLOAT, 3, dims, &t2m), "t2m");
  const std::size_t shape[] = {chunk.time, chunk.lat, chunk.lon};
  check_netcdf(nc_def_var_chunking(file, t2m, NC_CHUNKED, shape), "chunks of t2m");
  check_netcdf(nc_def_var_deflate(file, t2m, 1, 1, deflate_level), "deflate of t2m");
  const float fill = std::numeric_limits<float>::quiet_NaN();
  check_netcdf(nc_def_var_fill(file, t2m, NC_FILL, &fill), "fill value of t2m");
  put_text(file, time, "units", "hours since 1900-01-01 00:00:00.0");
  put_text(file, time, "calendar", "gregorian");
  put_text(file, time, "long_name", "time");
  put_text(file, time, "standard_name", "time");
  put_text(file, lat, "units", "degrees_north");
  put_text(file, lat, "standard_name", "latitude");
  put_text(file, lon, "units", "degrees_east");
  put_text(file, lon, "standard_name", "longitude");
  put_text(file, t2m, "units", "K");
  put_text(file, t2m, "long_name", "2 metre temperature");
  put_text(file, NC_GLOBAL, "Conventions", "CF-1.7");
  put_text(file, NC_GLOBAL, "title", "made-up 2 metre temperature in the shape of ERA5");
  check_netcdf(nc_enddef(file), "header");
  std::vector<int> hours(steps);
  for (std::size_t i = 0; i < steps; ++i) hours[i] = first_hour + static_cast<int>(i) * hours_per_step;
  std::vector<float> latitudes(lat_count), longitudes(lon_count);
  for (std::size_t i = 0; i < lat_count; ++i) latitudes[i] = 90.f - static_cast<float>(i);
  for (std::size_t i = 0; i < lon_count; ++i) longitudes[i] = static_cast<float>(i);
  check_netcdf(nc_put_var_int(file, time, hours.data()), "time");
  check_netcdf(nc_put_var_float(file, lat, latitudes.data()), "latitude");
  check_netcdf(nc_put_var_float(file, lon, longitudes.data()), "longitude");
  check_netcdf(nc_close(file), "closing " + path);
}

struct StoredChunk {
  hsize_t offset[3];
  std::vector<unsigned char> bytes;
};

/// The chunks of one slab of time steps, shuffled and deflated as HDF5's filters would.
std::vector<StoredChunk> make_slab(std::size_t first, std::size_t steps, const ChunkShape& chunk) {
  const std::size_t field_size = lat_count * lon_count;
  const std::size_t count = std::min(chunk.time, steps - first);
  std::vector<float> slab(count * field_size);
  for (std::size_t t = 0; t < count; ++t) make_field(first + t, &slab[t * field_size]);

  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(deflate_level), libdeflate_free_compressor);
  const std::size_t chunk_size = chunk.time * chunk.lat * chunk.lon;
  std::vector<float> values(chunk_size);
  std::vector<unsigned char> shuffled(chunk_size * 4);
  std::vector<StoredChunk> chunks;
  for (std::size_t lat = 0; lat < lat_count; lat += chunk.lat) {
    for (std::size_t lon = 0; lon < lon_count; lon += chunk.lon) {
      std::fill(values.begin(), values.end(), std::numeric_limits<float>::quiet_NaN());
      const std::size_t rows = std::min(chunk.lat, lat_count - lat), columns = std::min(chunk.lon, lon_count - lon);
      for (std::size_t t = 0; t < count; ++t) {
        for (std::size_t y = 0; y < rows; ++y) {
          std::memcpy(&values[(t * chunk.lat + y) * chunk.lon], &slab[t * field_size + (lat + y) * lon_count + lon],
                      columns * sizeof(float));
        }
      }
      const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
      for (std::size_t i = 0; i < chunk_size; ++i) {
        for (std::size_t b = 0; b < 4; ++b) shuffled[b * chunk_size + i] = bytes[i * 4 + b];
      }
      StoredChunk& stored = chunks.emplace_back(StoredChunk{{first, lat, lon}, {}});
      stored.bytes.resize(libdeflate_zlib_compress_bound(compressor.get(), shuffled.size()));
      stored.bytes.resize(libdeflate_zlib_compress(compressor.get(), shuffled.data(), shuffled.size(),
                                                   stored.bytes.data(), stored.bytes.size()));
    }
  }
  return chunks;
}

/// Makes slabs on all cores and writes them in order; at most a few wait, so that memory stays small.
void write_values(const std::string& path, std::size_t steps, const ChunkShape& chunk) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t dataset = file < 0 ? -1 : H5Dopen2(file, "t2m", H5P_DEFAULT);
  if (dataset < 0) throw std::runtime_error("cannot open t2m of " + path);

  const std::size_t slab_count = (steps + chunk.time - 1) / chunk.time;
  const std::size_t thread_count = std::max(1u, std::thread::hardware_concurrency());
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::size_t, std::vector<StoredChunk>> finished;
  std::size_t next = 0, written = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(thread_count, slab_count); ++i) {
    threads.emplace_back([&] {
      while (true) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return next >= slab_count || next < written + 2 * thread_count; });
        if (next >= slab_count) return;
        const std::size_t slab = next++;
        lock.unlock();
        std::vector<StoredChunk> chunks = make_slab(slab * chunk.time, steps, chunk);
        lock.lock();
        finished[slab] = std::move(chunks);
        changed.notify_all();
      }
    });
  }
  bool failed = false;
  while (written < slab_count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return finished.count(written) == 1; });
    const std::vector<StoredChunk> chunks = std::move(finished[written]);
    finished.erase(written);
    lock.unlock();
    for (const StoredChunk& c : chunks) {
      failed = failed || H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, c.offset, c.bytes.size(), c.bytes.data()) < 0;
    }
    lock.lock();
    ++written;
    changed.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
  failed = H5Dclose(dataset) < 0 || failed;
  failed = H5Fclose(file) < 0 || failed;
  if (failed) throw std::runtime_error("cannot write to " + path);
}

std::size_t count_argument(int argc, char** argv, int index, std::size_t otherwise, std::size_t most) {
  if (index >= argc) return otherwise;
  const long value = std::atol(argv[index]);
  if (value < 1 || static_cast<std::size_t>(value) > most) {
    throw std::runtime_error(std::string(argv[index]) + " is not between 1 and " + std::to_string(most));
  }
  return static_cast<std::size_t>(value);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s OUTPUT [STEPS [CHUNK_TIME CHUNK_LAT CHUNK_LON]]\n", argv[0]);
    return 2;
  }
  try {
    const std::size_t steps = count_argument(argc, argv, 2, 3836, 10'000'000);
    ChunkShape chunk;
    chunk.time = std::min(steps, count_argument(argc, argv, 3, chunk.time, 100'000));
    chunk.lat = count_argument(argc, argv, 4, chunk.lat, lat_count);
    chunk.lon = count_argument(argc, argv, 5, chunk.lon, lon_count);
    // A file that is there under its final name is a finished one.
    const std::string unfinished = std::string(argv[1]) + ".part";
    write_header(unfinished, steps, chunk);
    write_values(unfinished, steps, chunk);
    if (std::rename(unfinished.c_str(), argv[1]) != 0) throw std::runtime_error("cannot rename " + unfinished);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  return 0;
}
