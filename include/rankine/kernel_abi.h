/* What a plugin and the program agree on: plain C, so that any compiler may build either. C++ authors include
 * rankine/kernel.hpp instead, which wraps this. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RANKINE_KERNEL_ABI 1

/* Elements of a block in C order: the last axis varies fastest. */
typedef struct rankine_kernel_array {
  void* data;
  const char* dtype;      /* NumPy's name: "float32", "int64", "bool"; dates are "datetime64[ns]" (int64) */
  int ndim;
  const int64_t* shape;   /* by axis, halo included */
  const int64_t* origin;  /* by axis: where element 0 lies in the whole array; negative inside a boundary */
  const int64_t* before;  /* by axis: elements of the halo in front of the block itself */
  const int64_t* after;   /* by axis: elements of the halo behind it */
} rankine_kernel_array;

typedef struct rankine_kernel_parameter {
  const char* name;
  double number;
  const char* text;       /* NULL for a number */
} rankine_kernel_parameter;

/* One call: fill all of `output`. Inputs and output live until the call returns. A kernel is a pure function of
 * what is here and may be called by several threads at once, and again after a lost worker. */
typedef struct rankine_kernel_call {
  int input_count;
  const rankine_kernel_array* inputs;
  const rankine_kernel_array* output;
  int parameter_count;
  const rankine_kernel_parameter* parameters;
  char* message;          /* a kernel that fails writes here why, at most message_size bytes with the final 0 */
  size_t message_size;
} rankine_kernel_call;

/* 0: done; anything else: failed. */
typedef int (*rankine_kernel_function)(const rankine_kernel_call* call);

/* What a plugin's entry is given. add_map and add_reduction give a handle for the setters. */
typedef struct rankine_registrar {
  uint32_t abi;
  void* state;
  void* (*add_map)(void* state, const char* name, rankine_kernel_function map);
  void* (*add_reduction)(void* state, const char* name, rankine_kernel_function chunk, rankine_kernel_function combine,
                         rankine_kernel_function aggregate);
  /* Keys: "dtype", "state_dtype", "boundary" (of the dim `name`, or of all with ""), "core_dim", "drop_dim", "doc". */
  void (*set_text)(void* kernel, const char* key, const char* name, const char* value);
  /* Keys: "inputs", "depth" (dim), "new_dim" (dim), "parameter" (name; its default), "states", "fill" (dim). */
  void (*set_number)(void* kernel, const char* key, const char* name, double value);
} rankine_registrar;

/* The one symbol of a plugin: gives the name under which scripts import it, after it has added its kernels. */
#define RANKINE_PLUGIN_ENTRY "rankine_plugin_1"
typedef const char* (*rankine_plugin_entry)(const rankine_registrar* registrar);

#ifdef __cplusplus
}
#endif
