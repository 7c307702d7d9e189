"""The second call: platforms are asked for orders of which their pushes say too little."""
