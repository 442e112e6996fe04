"""Applications that send mail: what their settings come to, wherever the settings stand."""
