"""What runs inside the training script. Standard library only; starts no process, no thread, opens no socket."""
