// gemm_tiled: C = op(A) · op(B) (+ bias) (+ C), from registers.
//   op(A) (m, k), op(B) (k, n), C (m, n), bias (n). Row-major or transposed: the strides say which.
// One thread owns ROWS x COLUMNS of C, its columns LANES apart: a step along k costs ROWS + COLUMNS loads for
// ROWS * COLUMNS multiply-adds. No workgroup memory and no barrier: software adapters pay dearly for both.
// Rows and columns past the edge repeat the last one and are not stored.

const ROWS: u32 = 8; // slot
const COLUMNS: u32 = 8; // slot
const LANES: u32 = 8; // slot

alias T = f32; // slot
alias U = f32; // slot
struct Params {
  m: u32, n: u32, k: u32, batch: u32, row_tiles: u32, column_tiles: u32,
  a_base: u32, b_base: u32, bias_base: u32, c_base: u32,
  a_row: u32, a_k: u32, b_k: u32, b_column: u32, c_row: u32,
  a_batch: u32, b_batch: u32, c_batch: u32,
  has_bias: u32, accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<T>;
@group(0) @binding(1) var<storage, read> b: array<T>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> c: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = workgroup.x + workgroup.y * groups.x;
  let batch = tile / p.column_tiles / p.row_tiles;
  if (batch >= p.batch) { return; }
  let first_row = tile / p.column_tiles % p.row_tiles * ROWS;
  let first_column = tile % p.column_tiles * (LANES * COLUMNS) + lane;
  var a_at: array<u32, ROWS>;
  for (var i = 0u; i < ROWS; i++) {
    a_at[i] = p.a_base + batch * p.a_batch + min(first_row + i, p.m - 1u) * p.a_row;
  }
  var b_at: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    b_at[j] = p.b_base + batch * p.b_batch + min(first_column + j * LANES, p.n - 1u) * p.b_column;
  }

  var sum: array<array<f32, COLUMNS>, ROWS>;
  for (var k = 0u; k < p.k; k++) {
    var b_k: array<f32, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) { b_k[j] = f32(b[b_at[j] + k * p.b_k]); }
    for (var i = 0u; i < ROWS; i++) {
      let a_k = f32(a[a_at[i] + k * p.a_k]);
      for (var j = 0u; j < COLUMNS; j++) { sum[i][j] += a_k * b_k[j]; }
    }
  }

  for (var j = 0u; j < COLUMNS; j++) {
    let column = first_column + j * LANES;
    if (column < p.n) {
      var start = 0.0;
      if (p.has_bias != 0u) { start = f32(bias[p.bias_base + column]); }
      for (var i = 0u; i < ROWS; i++) {
        if (first_row + i < p.m) {
          let at = p.c_base + batch * p.c_batch + (first_row + i) * p.c_row + column;
          var value = start + sum[i][j];
          if (p.accumulate != 0u) { value += f32(c[at]); }
          c[at] = U(value);
        }
      }
    }
  }
}
