"""What ties the app to the desktop around it: tray, notifications, sleep, network, files, login. Never a hang."""
