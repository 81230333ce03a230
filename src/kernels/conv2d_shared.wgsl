// conv2d_shared: y = x ⋆ weight + bias as an implicit matrix product, from workgroup memory: what GPUs run; padding is in x already.
//   rows: output channels of a group. columns: pixels of all images. k: channels and taps.
//   x (batch, groups * channels, in_h, in_w), weight (groups * rows, channels, kernel_h, kernel_w), y (batch, groups * rows, out_h, out_w)
// gemm_shared.wgsl says how it goes. A workgroup owns TILE_ROWS channels of TILE_COLUMNS pixels. Where pixels start in x is worked out once,
// where a block's taps are, once a block: their places go on as a clock's do, with a carry at the end of a row and of a kernel.

const TILE_ROWS: u32 = 128; // slot
const TILE_COLUMNS: u32 = 128; // slot
const DEPTH: u32 = 16; // slot
const SIDE: u32 = 2; // slot
const RAGGED: bool = false; // slot (k is not a multiple of four)
alias T = f32; // slot
alias W = vec4<T>; // slot (T where k is ragged)

const FOUR: u32 = 4;
const STEP: u32 = 4 * SIDE; // rows and columns of a thread
const ACROSS: u32 = TILE_COLUMNS / STEP; // threads side by side
const THREADS: u32 = TILE_ROWS / STEP * ACROSS;
const K_BLOCKS: u32 = DEPTH / 4;
const A_BLOCKS: u32 = TILE_ROWS / 4 * K_BLOCKS; // of weight; the rest are x's
const BLOCKS: u32 = A_BLOCKS + TILE_COLUMNS / 4 * K_BLOCKS; // at most THREADS
const A_WIDTH: u32 = TILE_ROWS / 4; // vec4s of weight at one k, then those of x
const WIDTH: u32 = A_WIDTH + TILE_COLUMNS / 4;

struct Params {
  rows: u32, columns: u32, conv_groups: u32, row_tiles: u32, column_tiles: u32, channels: u32, kernel_h: u32, kernel_w: u32,
  in_w: u32, in_plane: u32, in_image: u32, out_w: u32, out_plane: u32, out_image: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  has_bias: u32, x_base: u32, y_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> weight: array<W>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> tile: array<vec4f, DEPTH * WIDTH>;

// Four numbers that lie side by side.
fn load_weight(at: u32) -> vec4f { return vec4f(weight[at / 4u]); } // slot

// A tap: its column and row in the kernel, and its channel.
fn tap_of(k: u32) -> vec3u { return vec3u(k % p.kernel_w, k / p.kernel_w % p.kernel_h, k / p.kernel_w / p.kernel_h); }

// The tap that many taps on.
fn go_on(tap: vec3u, by: vec3u) -> vec3u {
  let next = tap + by;
  let row = next + select(vec3u(), vec3u(0u - p.kernel_w, 1u, 0u), next.x >= p.kernel_w);
  return row + select(vec3u(), vec3u(0u, 0u - p.kernel_h, 1u), row.y >= p.kernel_h);
}

// The four numbers of column block `block`, at `i`: eight neighbours, then the next eight, so that threads side by side load and store side by side.
fn column_of(block: u32, i: u32) -> u32 { return block / 8u * 32u + i * 8u + block % 8u; } // shared

// A block of weight or x, its vectors along k; zero from `depth` on, but for what lies beyond it in a vector that reaches over it.
fn fetch(from_a: bool, at: vec4u, tap: vec3u, k: u32, depth: u32) -> mat4x4f {
  var block = mat4x4f();
  if (k < depth) {
    if (from_a) {
      block = mat4x4f(load_weight(at.x + k), load_weight(at.y + k), load_weight(at.z + k), load_weight(at.w + k));
    } else {
      var next = tap;
      var far = vec4u();
      for (var i = 0u; i < FOUR; i++) { // unroll
        far[i] = select(0u, dot(next, vec3u(p.dilation_x, p.dilation_y * p.in_w, p.in_plane)), !RAGGED || k + i < depth);
        next = go_on(next, vec3u(1u, 0u, 0u));
      }
      for (var i = 0u; i < FOUR; i++) { // unroll
        let x_at = at[i] + far;
        block[i] = vec4f(vec4<T>(x[x_at.x], x[x_at.y], x[x_at.z], x[x_at.w]));
      }
    }
  }
  return block;
}

// The block that was fetched at `k`, a column of it for each k. Not before it is stored: whoever touches it waits for it.
fn arrange(fetched: mat4x4f, k: u32, depth: u32) -> mat4x4f {
  var block = transpose(fetched);
  if (RAGGED) {
    for (var i = 0u; i < FOUR; i++) { // unroll
      block[i] = select(vec4f(), block[i], k + i < depth);
    }
  }
  return block;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x + workgroup.y * groups.x;
  let conv_group = group / p.column_tiles / p.row_tiles;
  if (conv_group >= p.conv_groups) { return; }
  let first_row = group / p.column_tiles % p.row_tiles * TILE_ROWS;
  let first_column = group % p.column_tiles * TILE_COLUMNS;
  let depth = p.channels * p.kernel_h * p.kernel_w;

  // The block that this thread brings: eight neighbours go down the rows or along the columns, the next eight further along k.
  let from_a = lane < A_BLOCKS;
  let block = select(lane - A_BLOCKS, lane, from_a);
  let block_k = block / 8u % K_BLOCKS * 4u;
  let block_row = block % 8u + block / (8u * K_BLOCKS) * 8u;
  var at = (conv_group * p.rows + min(first_row + block_row * 4u + vec4u(0, 1, 2, 3), vec4u(p.rows - 1u))) * depth;
  if (!from_a) {
    for (var i = 0u; i < FOUR; i++) { // unroll
      let column = min(first_column + column_of(block_row, i), p.columns - 1u);
      let pixel = column % p.out_plane;
      at[i] = p.x_base + column / p.out_plane * p.in_image + conv_group * p.channels * p.in_plane
            + pixel / p.out_w * p.stride_y * p.in_w + pixel % p.out_w * p.stride_x;
    }
  }
  var k = block_k;
  var tap = tap_of(k);
  let store_at = block_k * WIDTH + block_row + select(A_WIDTH, 0u, from_a);
  let until = select(0u, depth, BLOCKS == THREADS || lane < BLOCKS); // the other threads bring nothing

  // A subgroup's 32 threads lie 8 side by side and 4 below each other: few different numbers for it to read.
  let tx = lane % 8u + lane / 32u % (ACROSS / 8u) * 8u;
  let ty = lane / 8u % 4u + lane / (4u * ACROSS) * 4u;
  var sum: array<vec4f, STEP * SIDE>;
  var staged = fetch(from_a, at, tap, k, until);
  for (var first_k = 0u; first_k < depth; first_k += DEPTH) {
    if (lane < BLOCKS) {
      let arranged = arrange(staged, k, depth);
      for (var i = 0u; i < FOUR; i++) { // unroll
        tile[store_at + i * WIDTH] = arranged[i];
      }
    }
    workgroupBarrier();
    k += DEPTH;
    tap = go_on(tap, tap_of(DEPTH));
    staged = fetch(from_a, at, tap, k, until);
    for (var k4 = 0u; k4 < K_BLOCKS; k4++) {
      for (var i = 0u; i < FOUR; i++) { // unroll
        let row_k = (k4 * 4u + i) * WIDTH;
        var b_k = array<vec4f, SIDE>();
        for (var h = 0u; h < SIDE; h++) { // unroll
          b_k[h] = tile[row_k + A_WIDTH + h * (TILE_COLUMNS / 4u / SIDE) + tx];
        }
        for (var g = 0u; g < SIDE; g++) { // unroll
          let a_k = tile[row_k + g * (A_WIDTH / SIDE) + ty];
          for (var j = 0u; j < FOUR; j++) { // unroll
            for (var h = 0u; h < SIDE; h++) { // unroll
              sum[(g * 4u + j) * SIDE + h] += a_k[j] * b_k[h];
            }
          }
        }
      }
    }
    workgroupBarrier();
  }

  for (var h = 0u; h < SIDE; h++) { // unroll
    for (var i = 0u; i < FOUR; i++) { // unroll
      let column = first_column + column_of(h * (TILE_COLUMNS / 4u / SIDE) + tx, i);
      if (column < p.columns) {
        let y_at = p.y_base + column / p.out_plane * p.out_image + column % p.out_plane;
        for (var g = 0u; g < SIDE; g++) { // unroll
          for (var j = 0u; j < FOUR; j++) { // unroll
            let row = first_row + g * (TILE_ROWS / SIDE) + ty * 4u + j;
            if (row < p.rows) {
              let out_channel = conv_group * p.rows + row;
              var start = 0.0;
              if (p.has_bias != 0u) { start = f32(bias[out_channel]); }
              y[y_at + out_channel * p.out_plane] = T(start + sum[(g * 4u + j) * SIDE + h][i]);
            }
          }
        }
      }
    }
  }
}
