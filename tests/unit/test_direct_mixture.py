"""The direct mixture score in cases that can be written down."""

import numpy as np

from kgmm import DirectGMM


def test_two_kernels():
    # Kernels at ±1 have mean 0 and deviation 1: standardised coordinates are physical ones.
    mixture = DirectGMM(0.5).fit(np.array([[-1.0], [1.0]]))
    x = np.array([[-1.0], [0.0], [0.3]])
    np.testing.assert_allclose(mixture.score_at(x), (np.tanh(x / 0.25) - x) / 0.25, rtol=1e-9, atol=1e-9)


def test_shift_and_scale_of_the_data():
    x = np.random.default_rng(0).standard_normal((300, 2))
    scale, shift = np.array([0.1, 50.0]), np.array([3.0, -9.0])
    plain, moved = DirectGMM(0.3).fit(x), DirectGMM(0.3).fit(x * scale + shift)
    for a, b in zip(moved.score_with_stderr_at(x * scale + shift), plain.score_with_stderr_at(x)):
        np.testing.assert_allclose(a * scale, b, rtol=1e-6, atol=1e-9)


def test_out_of_reach_of_all_kernels_the_gaussian_decides():
    data = np.random.default_rng(1).standard_normal((300, 1))
    mixture = DirectGMM(0.01).fit(data)
    far = np.array([[8.0], [-30.0]])
    m, s = data.mean(), data.std()
    score, stderr = mixture.score_with_stderr_at(far)
    np.testing.assert_allclose(score, -(far - m) / s**2 / (1 + 1e-4), rtol=1e-9)
    np.testing.assert_array_equal(stderr, 0)


def test_single_kernel_in_reach():
    data = np.array([[-10.0], [0.0], [10.0]])
    mixture = DirectGMM(0.05).fit(data)
    width = 0.05 * data.std()
    score, stderr = mixture.score_with_stderr_at(np.array([[0.5]]))
    np.testing.assert_allclose(score, -0.5 / width**2, rtol=1e-9)
    np.testing.assert_allclose(stderr, 0, atol=1e-9)
