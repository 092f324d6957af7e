"""What every test runs in: nothing from the user's settings, one thread, no telemetry."""

import os

# Before torch or MLflow are imported: both read these once.
for name in [key for key in os.environ if key.startswith(("MLFLOW_", "HYDRA_", "MEMLAB_"))]:
    del os.environ[name]
os.environ |= {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",  # the tests themselves run in parallel
}
