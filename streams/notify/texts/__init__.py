"""What messages say: templates in Chinese and English, made fit for a channel's markup and size."""
